#include "ir/IndexedInput.h"

#include "ir/Infer.h"

namespace quern::ir {

/// Whether an op is a cast that indices survive: to bool all but 0 are 1, and types of 16 bits
/// round them.
static bool keepsIndices(mlir::Operation *op) {
  if (!llvm::isa<CastOp>(op))
    return false;
  mlir::Type to = tensorType(op->getResult(0)).getElementType();
  return !to.isInteger(1) && !to.isF16() && !to.isBF16();
}

static int64_t elementsIndexedBy(mlir::OpOperand &use, Indices which) {
  mlir::Operation *op = use.getOwner();
  if (auto gather = llvm::dyn_cast<GatherOp>(op))
    return use.get() == gather.getIndices()
               ? tensorType(gather.getInput()).getDimSize(static_cast<unsigned>(gather.getAxis()))
               : 0;
  bool keepsNumbers = llvm::isa<ReshapeOp, TransposeOp, BroadcastOp>(op) || keepsIndices(op) ||
                      (which == Indices::some && llvm::isa<SliceOp, PadOp, ConcatOp>(op));
  return keepsNumbers ? elementsIndexedBy(op->getResult(0), which) : 0;
}

int64_t elementsIndexedBy(mlir::Value input, Indices which) {
  int64_t least = 0;
  for (mlir::OpOperand &use : input.getUses())
    if (int64_t own = elementsIndexedBy(use, which); own > 0 && (least == 0 || own < least))
      least = own;
  return least;
}

} // namespace quern::ir
