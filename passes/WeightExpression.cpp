#include "passes/WeightExpression.h"

#include "ir/Evaluate.h"
#include "passes/FusionRules.h"
#include "passes/Model.h"

namespace quern::passes {

bool isWeightExpression(mlir::Value value) {
  mlir::Operation *op = value.getDefiningOp();
  return op && ir::isEvaluable(op) && llvm::all_of(op->getOperands(), isWeightExpression);
}

bool isWorthStoring(mlir::Value value) {
  mlir::Operation *op = value.getDefiningOp();
  if (llvm::isa<ir::ParameterOp>(op))
    return true;
  if (llvm::isa<ir::ConstantOp>(op))
    return !isSplatConstant(value);
  if (llvm::isa<ir::ReduceOp>(op) || isCostlyFunction(op))
    return true;
  return llvm::any_of(op->getOperands(), isWorthStoring);
}

} // namespace quern::passes
