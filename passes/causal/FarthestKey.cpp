// How far ahead the keys lie that count.
#include "passes/causal/FreeAxes.h"
#include "passes/causal/OverKeys.h"
#include "passes/causal/StructuralZeros.h"

#include "llvm/ADT/SetVector.h"

namespace quern::passes {
namespace {

/// The farthest key whose weight may be other than zero.
int64_t farthestWeighed(mlir::Value weights, int64_t query, int64_t key) {
  int64_t count = ir::tensorType(weights).getDimSize(key);
  std::optional<RankTensor> nonzero = possiblyNonzero(weights);
  if (!nonzero)
    return count - 1;
  llvm::SmallVector<int64_t> element(nonzero->shape().size(), 0);
  for (int64_t axis = 0; axis < static_cast<int64_t>(element.size()); ++axis)
    if (axis != query && axis != key)
      nonzero->raiseAlong(axis);
  int64_t farthest = -count;
  for (element[query] = 0; element[query] < count; ++element[query])
    for (int64_t at = count; at-- > element[query] + farthest + 1;) {
      element[key] = at;
      if (nonzero->at(element) != 0)
        farthest = at - element[query];
    }
  return farthest;
}

/// Of the op itself; nothing where it neither sums over keys nor weighs them against each other.
std::optional<int64_t> farthestOf(mlir::Operation *op, const OverKeys &over,
                                  const OrderedAxes &axes) {
  auto softmax = llvm::dyn_cast<ir::SoftmaxOp>(op);
  if (softmax && static_cast<int64_t>(softmax.getAxis()) == over.result)
    return farthestWeighed(softmax, over.map[0], over.result);
  if (over.result >= 0)
    return std::nullopt;
  int64_t farthest = std::numeric_limits<int64_t>::max();
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    int64_t key = over.operands[operand.getOperandNumber()];
    if (key < 0)
      continue;
    mlir::Value value = operand.get();
    int64_t query = axes.isGenerated(value) ? axes.of(value)[0] : freeAxes(operand, axes)[0];
    bool isOfPairs = query >= 0 && query != key;
    farthest = std::min(farthest, isOfPairs ? farthestWeighed(value, query, key)
                                            : ir::tensorType(value).getDimSize(key) - 1);
  }
  return farthest;
}

} // namespace

int64_t farthestKey(mlir::Operation *op, const OrderedAxes &axes) {
  int64_t farthest = std::numeric_limits<int64_t>::min();
  llvm::SmallSetVector<mlir::Operation *, 8> pending;
  pending.insert(op);
  for (size_t at = 0; at < pending.size(); ++at) {
    const OverKeys *over = axes.overKeys(pending[at]);
    if (!over)
      continue;
    if (std::optional<int64_t> own = farthestOf(pending[at], *over, axes))
      farthest = std::max(farthest, *own);
    if (over->result >= 0)
      pending.insert(pending[at]->user_begin(), pending[at]->user_end());
  }
  return farthest;
}

} // namespace quern::passes
