// Contraction, attention, reductions and softmax: whole axes.
#include "ir/HostTensor.h"
#include "passes/causal/AdmittedKeys.h"
#include "passes/causal/Comparison.h"
#include "passes/causal/ReadRules.h"

namespace quern::passes {
namespace {

std::optional<int64_t> positionOf(llvm::ArrayRef<int64_t> labels, int64_t label) {
  const auto *found = llvm::find(labels, label);
  if (found == labels.end())
    return std::nullopt;
  return found - labels.begin();
}

/// Whether anything along an axis is nonzero: the axis falls away.
RankTensor anyAlong(const RankTensor &nonzero, int64_t axis) {
  RankTensor any = nonzero.slice(axis, 0);
  for (int64_t at = 1; at < nonzero.extents()[axis]; ++at)
    any.raise(nonzero.slice(axis, at));
  return any;
}

/// Where `nonzero` is other than zero, over these extents of its axes, which have these strides.
std::vector<uint8_t> keptOver(const RankTensor &nonzero, llvm::ArrayRef<int64_t> extents,
                              llvm::ArrayRef<int64_t> strides) {
  std::vector<uint8_t> kept;
  ir::forEachIndex(extents, [&](llvm::ArrayRef<int64_t> index) {
    int64_t at = 0;
    for (auto [coordinate, stride] : llvm::zip_equal(index, strides))
      at += coordinate * stride;
    kept.push_back(nonzero.data()[at] != 0);
  });
  return kept;
}

/// The mask that one operand of a contraction, with these labels and nonzeros, puts on the read of
/// the other, whose maps are its axes.
ReadMask factorMask(RankTensor nonzero, llvm::SmallVector<int64_t> labels,
                    llvm::ArrayRef<int64_t> readLabels, llvm::ArrayRef<int64_t> resultLabels) {
  for (int64_t axis = static_cast<int64_t>(labels.size()); axis-- > 0;)
    if (!positionOf(readLabels, labels[axis]) && !positionOf(resultLabels, labels[axis])) {
      nonzero = anyAlong(nonzero, axis);
      labels.erase(labels.begin() + axis);
    }
  // The mask's axes in their order, each with the stride of the factor's axis.
  struct Axis {
    int64_t place, extent, stride;
  };
  llvm::SmallVector<Axis> resultAxes, maps;
  llvm::SmallVector<int64_t> strides = nonzero.strides();
  for (auto [axis, extent] : llvm::enumerate(nonzero.extents())) {
    if (extent == 1)
      continue;
    if (auto place = positionOf(resultLabels, labels[axis]))
      resultAxes.push_back({*place, extent, strides[axis]});
    else
      maps.push_back({*positionOf(readLabels, labels[axis]), extent, strides[axis]});
  }
  ReadMask mask;
  llvm::SmallVector<int64_t> extents, order;
  for (auto [axes, names] :
       {std::pair(&resultAxes, &mask.resultAxes), std::pair(&maps, &mask.maps)}) {
    llvm::sort(*axes, [](const Axis &a, const Axis &b) { return a.place < b.place; });
    for (const Axis &axis : *axes) {
      names->push_back(axis.place);
      extents.push_back(axis.extent);
      order.push_back(axis.stride);
    }
  }
  mask.kept = keptOver(nonzero, extents, order);
  return mask;
}

/// The mask on the read of a row along `axis`: what counts of each. Rows have the axes of the
/// result, without that one unless `keepsAxis`.
ReadMask rowMask(const RankTensor &admitted, int64_t axis, bool keepsAxis) {
  ReadMask mask;
  llvm::SmallVector<int64_t> order, extents, strides;
  for (int64_t other = 0; other < static_cast<int64_t>(admitted.shape().size()); ++other)
    if (other != axis && !admitted.isUniform(other)) {
      order.push_back(other);
      mask.resultAxes.push_back(other > axis && !keepsAxis ? other - 1 : other);
    }
  mask.maps.push_back(axis);
  order.push_back(axis);
  for (int64_t stored : order) {
    extents.push_back(admitted.extents()[stored]);
    strides.push_back(admitted.strides()[stored]);
  }
  mask.kept = keptOver(admitted, extents, strides);
  return mask;
}

Read keptAxesRead(mlir::Value input, llvm::ArrayRef<int64_t> whole, bool keepsAxes) {
  Read read{.operand = 0};
  int64_t resultAxis = 0;
  for (auto [axis, extent] : llvm::enumerate(tensorType(input).getShape())) {
    bool isWhole = llvm::is_contained(whole, static_cast<int64_t>(axis));
    read.maps.push_back(isWhole ? wholeAxis(static_cast<int64_t>(axis), extent)
                                : alongAxis(static_cast<int64_t>(axis), resultAxis));
    resultAxis += !isWhole || keepsAxes;
  }
  return read;
}

} // namespace

Reads contractReads(ir::ContractOp op, KnownRanges &ranges) {
  llvm::ArrayRef<int64_t> labels[] = {op.getLhsAxes(), op.getRhsAxes()};
  Reads reads;
  for (int64_t operand : {0, 1}) {
    mlir::Value other = op->getOperand(1 - operand);
    Read read{.operand = operand};
    for (auto [axis, label] : llvm::enumerate(labels[operand])) {
      auto at = static_cast<int64_t>(axis);
      std::optional<int64_t> place = positionOf(op.getResultAxes(), label);
      read.maps.push_back(place
                              ? alongAxis(at, *place)
                              : wholeAxis(at, tensorType(op->getOperand(operand)).getDimSize(at)));
    }
    if (auto nonzero = ranges.possiblyNonzero(other)) {
      read.mask = factorMask(*nonzero, llvm::to_vector(labels[1 - operand]), labels[operand],
                             op.getResultAxes());
      if (std::optional<AdmittedKeys> runs = asRuns(read)) {
        read.admitted = std::make_shared<AdmittedKeys>(std::move(*runs));
        read.mask.reset();
      }
    }
    reads.push_back(std::move(read));
  }
  return reads;
}

/// Where a mask that is not known altogether, as of padded inputs, surely hides keys.
static void admitWherePossible(Reads &reads, ir::AttentionOp op, KnownRanges &ranges) {
  int64_t keys = op.getKey().getType().getDimSize(2);
  Read ofMask{.operand = 3, .maps = {alongAxis(0, 2), wholeAxis(1, keys)}};
  auto byRow = [](const RankTensor &kept, int64_t map) {
    ReadMask mask = rowMask(kept.expanded({1}), 1, true);
    llvm::fill(mask.resultAxes, 2);
    mask.maps.front() = map;
    return mask;
  };
  if (auto admits = ranges.possiblyNonzero(op.getMask()))
    for (size_t operand : {1, 2})
      reads[operand].mask = byRow(*admits, 2);
  if (auto undecided = ranges.undecided(op.getMask()))
    ofMask.mask = byRow(*undecided, 1);
  reads.push_back(std::move(ofMask));
}

Reads attentionReads(ir::AttentionOp op, KnownRanges &ranges) {
  llvm::ArrayRef<int64_t> key = op.getKey().getType().getShape();
  auto heads = [](int64_t operand) {
    return Read{.operand = operand, .maps = {alongAxis(0, 0), alongAxis(1, 1)}};
  };
  Read queries = heads(0), keys = heads(1), values = heads(2);
  queries.maps.insert(queries.maps.end(), {alongAxis(2, 2), wholeAxis(3, key[3])});
  keys.maps.insert(keys.maps.end(), {wholeAxis(2, key[2]), wholeAxis(3, key[3])});
  values.maps.insert(values.maps.end(), {wholeAxis(2, key[2]), alongAxis(3, 3)});
  queries.maps.back().tapName = keys.maps.back().tapName = TapName::none;
  Reads reads{std::move(queries), std::move(keys), std::move(values)};
  if (!op.getMask())
    return reads;
  if (auto comparison = comparisonOf(op.getMask())) {
    comparison->resultAxis = comparison->map = 2;
    reads[1].comparison = reads[2].comparison = std::move(comparison);
    return reads;
  }
  auto admitted = admittedKeys(op.getMask());
  if (!admitted) {
    admitWherePossible(reads, op, ranges);
    return reads;
  }
  admitted->resultAxis = admitted->map = 2;
  reads[1].admitted = reads[2].admitted = std::make_shared<AdmittedKeys>(std::move(*admitted));
  return reads;
}

Reads reduceReads(ir::ReduceOp op, KnownRanges &ranges) {
  Read read = keptAxesRead(op.getInput(), op.getAxes(), op.getKeepAxes());
  if (op.getAxes().size() == 1)
    if (auto contenders = ranges.contenders(op))
      read.mask = rowMask(*contenders, op.getAxes().front(), op.getKeepAxes());
  return {std::move(read)};
}

Reads softmaxReads(ir::SoftmaxOp op, KnownRanges &ranges) {
  Read read = keptAxesRead(op.getInput(), static_cast<int64_t>(op.getAxis()), true);
  if (auto admitted = ranges.possiblyNonzero(op))
    read.mask = rowMask(*admitted, static_cast<int64_t>(op.getAxis()), true);
  return {std::move(read)};
}

} // namespace quern::passes
