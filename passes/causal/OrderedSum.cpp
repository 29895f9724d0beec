#include "passes/causal/OrderedSum.h"

#include "passes/causal/KnownRanges.h"

namespace quern::passes {
namespace {

std::optional<int64_t> placeOf(llvm::ArrayRef<int64_t> labels, int64_t label) {
  const int64_t *found = llvm::find(labels, label);
  return found == labels.end() ? std::nullopt : std::optional<int64_t>(found - labels.begin());
}

/// The one axis of a masked weight, `from` apart, along which its zeros differ.
std::optional<int64_t> unitsOf(mlir::Value weight, int64_t from) {
  std::optional<RankTensor> nonzero = possiblyNonzero(weight);
  if (!nonzero || nonzero->isUniform(from))
    return std::nullopt;
  std::optional<int64_t> units;
  for (int64_t axis = 0; axis < ir::tensorType(weight).getRank(); ++axis) {
    if (axis == from || nonzero->isUniform(axis))
      continue;
    if (units)
      return std::nullopt;
    units = axis;
  }
  return units;
}

} // namespace

std::optional<OrderedSum> orderedSumOf(mlir::Operation *op, const OrderedAxes &axes) {
  auto contract = llvm::dyn_cast<ir::ContractOp>(op);
  if (!contract)
    return std::nullopt;
  bool isLeft = axes.isGenerated(contract.getLhs());
  if (axes.count() != 1 || isLeft == axes.isGenerated(contract.getRhs()))
    return std::nullopt;
  OrderedSum sum{};
  sum.sequence = isLeft ? 0 : 1;
  sum.weight = isLeft ? 1 : 0;
  llvm::ArrayRef<int64_t> labels[2] = {contract.getLhsAxes(), contract.getRhsAxes()};
  int64_t ordered = axes.of(contract->getOperand(sum.sequence))[0];
  if (ordered < 0)
    return std::nullopt;
  int64_t label = labels[sum.sequence][static_cast<size_t>(ordered)];
  std::optional<int64_t> from = placeOf(labels[sum.weight], label);
  if (!from || placeOf(contract.getResultAxes(), label))
    return std::nullopt;
  sum.from = *from;
  if (auto known = contract->getAttrOfType<mlir::IntegerAttr>(orderedResult)) {
    sum.axis = known.getInt();
    sum.to = *placeOf(labels[sum.weight], contract.getResultAxes()[static_cast<size_t>(sum.axis)]);
    return sum;
  }
  std::optional<int64_t> to = unitsOf(contract->getOperand(sum.weight), sum.from);
  if (!to)
    return std::nullopt;
  sum.to = *to;
  std::optional<int64_t> axis =
      placeOf(contract.getResultAxes(), labels[sum.weight][static_cast<size_t>(sum.to)]);
  if (!axis)
    return std::nullopt;
  sum.axis = *axis;
  return sum;
}

} // namespace quern::passes
