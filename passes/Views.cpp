#include "passes/Views.h"

#include "ir/SliceView.h"
#include "passes/Model.h"

namespace quern::passes {

bool isView(mlir::Operation *op) {
  auto slice = llvm::dyn_cast_or_null<ir::SliceOp>(op);
  return isFreeReshape(op) || (slice && ir::sliceOffset(slice));
}

mlir::Value behindViews(mlir::Value value) {
  while (isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

} // namespace quern::passes
