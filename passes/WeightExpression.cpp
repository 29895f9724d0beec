#include "passes/WeightExpression.h"

#include "passes/FusionRules.h"
#include "passes/Model.h"

#include "mlir/IR/IRMapping.h"

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

mlir::FailureOr<ir::HostTensor> evaluateExpression(mlir::Value value, ir::LoadParameter load) {
  llvm::DenseSet<mlir::Operation *> needed;
  llvm::SmallVector<mlir::Value> pending{value};
  while (!pending.empty())
    if (mlir::Operation *op = pending.pop_back_val().getDefiningOp(); needed.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  mlir::OpBuilder builder(value.getContext());
  mlir::OwningOpRef<mlir::func::FuncOp> function = mlir::func::FuncOp::create(
      builder, value.getLoc(), "expression", builder.getFunctionType({}, value.getType()));
  builder.setInsertionPointToStart(function->addEntryBlock());
  mlir::IRMapping copied;
  for (mlir::Operation &op : *value.getParentBlock())
    if (needed.contains(&op))
      builder.clone(op, copied);
  mlir::func::ReturnOp::create(builder, value.getLoc(), copied.lookup(value));
  mlir::FailureOr<llvm::SmallVector<ir::HostTensor>> values = ir::evaluate(*function, load);
  if (mlir::failed(values))
    return mlir::failure();
  return values->front();
}

} // namespace quern::passes
