#include "ir/IndexedInput.h"

#include "ir/Infer.h"

namespace quern::ir {

static int64_t elementsIndexedBy(mlir::OpOperand &use) {
  mlir::Operation *op = use.getOwner();
  if (auto gather = llvm::dyn_cast<GatherOp>(op))
    return use.get() == gather.getIndices()
               ? tensorType(gather.getInput()).getDimSize(static_cast<unsigned>(gather.getAxis()))
               : 0;
  bool keepsNumbers = llvm::isa<ReshapeOp, TransposeOp, BroadcastOp, CastOp>(op);
  return keepsNumbers ? elementsIndexedBy(op->getResult(0)) : 0;
}

int64_t elementsIndexedBy(mlir::Value input) {
  int64_t least = 0;
  for (mlir::OpOperand &use : input.getUses())
    if (int64_t own = elementsIndexedBy(use); own > 0 && (least == 0 || own < least))
      least = own;
  return least;
}

} // namespace quern::ir
