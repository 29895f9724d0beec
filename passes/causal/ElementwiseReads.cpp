// Element by element over broadcast operands. What is one number anyway, as a product with a zero,
// or an exponential of a masked score, depends on nothing; a branch that is not taken is not read.
#include "passes/causal/ReadRules.h"

namespace quern::passes {
namespace {

Read broadcastRead(mlir::Operation *op, int64_t operand) {
  llvm::ArrayRef<int64_t> result = tensorType(op->getResult(0)).getShape();
  llvm::ArrayRef<int64_t> shape = tensorType(op->getOperand(operand)).getShape();
  auto lead = static_cast<int64_t>(result.size() - shape.size());
  Read read{.operand = operand};
  for (int64_t axis = 0; axis < static_cast<int64_t>(shape.size()); ++axis)
    read.maps.push_back(shape[axis] == result[axis + lead] ? alongAxis(axis, axis + lead)
                                                           : onlyElement(axis));
  return read;
}

/// Keeps the result elements where what is known, broadcast to the result, `isWanted`.
template <typename F> ReadMask where(mlir::Operation *op, const RankTensor &value, F isWanted) {
  auto lead = tensorType(op->getResult(0)).getRank() - static_cast<int64_t>(value.shape().size());
  ReadMask mask;
  for (auto [axis, extent] : llvm::enumerate(value.extents()))
    if (extent > 1)
      mask.resultAxes.push_back(static_cast<int64_t>(axis) + lead);
  mask.kept.reserve(value.data().size());
  for (int32_t element : value.data())
    mask.kept.push_back(static_cast<uint8_t>(isWanted(element)));
  return mask;
}

} // namespace

Reads broadcastReads(mlir::Operation *op) {
  Reads reads;
  for (int64_t operand = 0; operand < op->getNumOperands(); ++operand)
    reads.push_back(broadcastRead(op, operand));
  return reads;
}

Reads elementwiseReads(mlir::Operation *op, KnownRanges &ranges) {
  Reads reads = broadcastReads(op);
  if (std::optional<RankTensor> undecided = ranges.undecided(op->getResult(0)))
    for (Read &read : reads)
      read.mask = where(op, *undecided, [](int32_t is) { return is != 0; });
  return reads;
}

Reads selectReads(ir::SelectOp op, KnownRanges &ranges) {
  std::optional<RankTensor> condition = ranges.of(op.getCondition());
  if (!condition)
    return elementwiseReads(op, ranges);
  Reads reads = broadcastReads(op);
  reads[0].mask = where(op, *condition, [](int32_t is) { return !Range::unpacked(is).isPoint(); });
  reads[1].mask = where(op, *condition, [](int32_t is) { return !Range::unpacked(is).isZero(); });
  reads[2].mask = where(op, *condition, [](int32_t is) { return Range::unpacked(is).low == 0; });
  return reads;
}

} // namespace quern::passes
