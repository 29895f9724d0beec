// Element by element over broadcast operands; a factor that is zero, and a branch that is not
// taken, hide what is behind them.
#include "passes/causal/ReadRules.h"
#include "passes/causal/StructuralZeros.h"

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

/// Keeps the result elements where `value`, broadcast to the result, is `wanted`.
ReadMask whereEqual(mlir::Operation *op, const RankTensor &value, int32_t wanted) {
  auto lead = tensorType(op->getResult(0)).getRank() - static_cast<int64_t>(value.shape().size());
  ReadMask mask;
  for (auto [axis, extent] : llvm::enumerate(value.extents()))
    if (extent > 1)
      mask.resultAxes.push_back(static_cast<int64_t>(axis) + lead);
  mask.kept.reserve(value.data().size());
  for (int32_t element : value.data())
    mask.kept.push_back(static_cast<uint8_t>(element == wanted));
  return mask;
}

} // namespace

Reads elementwiseReads(mlir::Operation *op) {
  Reads reads;
  for (int64_t operand = 0; operand < op->getNumOperands(); ++operand)
    reads.push_back(broadcastRead(op, operand));
  return reads;
}

Reads mulReads(ir::MulOp op) {
  Reads reads = elementwiseReads(op);
  for (int64_t operand : {0, 1})
    if (auto nonzero = possiblyNonzero(op->getOperand(1 - operand)))
      reads[operand].mask = whereEqual(op, *nonzero, 1);
  return reads;
}

/// What zero is divided by does not count.
Reads divReads(ir::DivOp op) {
  Reads reads = elementwiseReads(op);
  if (auto nonzero = possiblyNonzero(op.getLhs()))
    reads[1].mask = whereEqual(op, *nonzero, 1);
  return reads;
}

Reads selectReads(ir::SelectOp op) {
  Reads reads = elementwiseReads(op);
  if (auto condition = constantElements(op.getCondition())) {
    reads[1].mask = whereEqual(op, *condition, 1);
    reads[2].mask = whereEqual(op, *condition, 0);
    reads.erase(reads.begin());
  }
  return reads;
}

} // namespace quern::passes
