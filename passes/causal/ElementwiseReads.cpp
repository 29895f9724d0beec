// Element by element over broadcast operands; a factor that is zero, and a branch that is not
// taken, hide what is behind them.
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
ReadMask where(mlir::Operation *op, const RankTensor &value,
               llvm::function_ref<bool(int32_t)> isWanted) {
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

Reads elementwiseReads(mlir::Operation *op) {
  Reads reads;
  for (int64_t operand = 0; operand < op->getNumOperands(); ++operand)
    reads.push_back(broadcastRead(op, operand));
  return reads;
}

Reads mulReads(ir::MulOp op, KnownSigns &signs) {
  Reads reads = elementwiseReads(op);
  for (int64_t operand : {0, 1})
    if (auto nonzero = signs.possiblyNonzero(op->getOperand(1 - operand)))
      reads[operand].mask = where(op, *nonzero, [](int32_t is) { return is != 0; });
  return reads;
}

/// What zero is divided by does not count.
Reads divReads(ir::DivOp op, KnownSigns &signs) {
  Reads reads = elementwiseReads(op);
  if (auto nonzero = signs.possiblyNonzero(op.getLhs()))
    reads[1].mask = where(op, *nonzero, [](int32_t is) { return is != 0; });
  return reads;
}

Reads selectReads(ir::SelectOp op, KnownSigns &signs) {
  Reads reads = elementwiseReads(op);
  std::optional<RankTensor> condition = signs.of(op.getCondition());
  if (!condition)
    return reads;
  reads[0].mask = where(op, *condition, [](int32_t sign) { return sign == isUnknown; });
  reads[1].mask = where(op, *condition, [](int32_t sign) { return sign != isZero; });
  reads[2].mask = where(op, *condition, [](int32_t sign) { return sign != isPositive; });
  return reads;
}

} // namespace quern::passes
