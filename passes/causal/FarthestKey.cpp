#include "passes/causal/FarthestKey.h"

#include "passes/causal/FreeAxes.h"
#include "passes/causal/KnownRanges.h"

#include "llvm/ADT/SetVector.h"

namespace quern::passes {

/// The farthest key that counts for some query.
static int64_t farthestOf(std::optional<RankTensor> counts, int64_t count, int64_t query,
                          int64_t key) {
  if (!counts)
    return count - 1;
  for (int64_t axis = 0; axis < static_cast<int64_t>(counts->shape().size()); ++axis)
    if (axis != query && axis != key)
      counts->raiseAlong(axis);
  llvm::SmallVector<int64_t> strides = counts->strides();
  const std::vector<int32_t> &elements = std::as_const(*counts).data();
  int64_t farthest = -count;
  for (int64_t place = 0; place < count; ++place)
    for (int64_t at = count; at-- > std::max<int64_t>(place + farthest + 1, 0);)
      if (elements[place * strides[query] + at * strides[key]] != 0) {
        farthest = at - place;
        break;
      }
  return farthest;
}

/// What a step reads as keys are zeros where these are not there yet, whatever the model would
/// compute of them.
void FarthestKey::findKeys(mlir::Operation *op) {
  if (ranges)
    return;
  llvm::DenseSet<mlir::Value> keys;
  op->getParentOfType<mlir::func::FuncOp>().walk([&](mlir::Operation *reader) {
    for (mlir::OpOperand &operand : reader->getOpOperands())
      if (axes.isReadAsKeys(operand))
        keys.insert(operand.get());
  });
  ranges.emplace(std::move(keys));
}

int64_t FarthestKey::weighed(mlir::Value weights, int64_t query, int64_t key) {
  auto [entry, isNew] = known.try_emplace({weights.getAsOpaquePointer(), query, key}, 0);
  if (isNew)
    entry->second = farthestOf(ranges->possiblyNonzero(weights),
                               ir::tensorType(weights).getDimSize(key), query, key);
  return entry->second;
}

/// Of the op itself; nothing where it neither sums over keys nor weighs them against each other.
std::optional<int64_t> FarthestKey::inOp(mlir::Operation *op, const OverKeys &over) {
  auto softmax = llvm::dyn_cast<ir::SoftmaxOp>(op);
  if (softmax && static_cast<int64_t>(softmax.getAxis()) == over.result)
    return weighed(softmax, over.map[0], over.result);
  if (over.result >= 0)
    return std::nullopt;
  if (auto reduce = llvm::dyn_cast<ir::ReduceOp>(op);
      reduce && reduce.getKind() != ir::ReduceKind::sum) {
    mlir::Value scores = reduce.getInput();
    int64_t key = over.operands.front();
    return farthestOf(ranges->contenders(reduce), ir::tensorType(scores).getDimSize(key),
                      axes.of(scores)[0], key);
  }
  int64_t farthest = std::numeric_limits<int64_t>::max();
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    int64_t key = over.operands[operand.getOperandNumber()];
    if (key < 0)
      continue;
    mlir::Value value = operand.get();
    int64_t query = axes.isGenerated(value) ? axes.of(value)[0] : freeAxes(operand, axes)[0];
    bool isOfPairs = query >= 0 && query != key;
    farthest = std::min(farthest, isOfPairs ? weighed(value, query, key)
                                            : ir::tensorType(value).getDimSize(key) - 1);
  }
  return farthest;
}

int64_t FarthestKey::of(mlir::Operation *op) {
  findKeys(op);
  int64_t farthest = std::numeric_limits<int64_t>::min();
  llvm::SmallSetVector<mlir::Operation *, 8> pending;
  pending.insert(op);
  for (size_t at = 0; at < pending.size(); ++at) {
    const OverKeys *over = axes.overKeys(pending[at]);
    if (!over)
      continue;
    if (std::optional<int64_t> own = inOp(pending[at], *over))
      farthest = std::max(farthest, *own);
    if (over->result >= 0)
      pending.insert(pending[at]->user_begin(), pending[at]->user_end());
  }
  return farthest;
}

} // namespace quern::passes
