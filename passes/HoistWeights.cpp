// What follows from parameters alone is computed when the model is compiled: the expressions move
// into @prepare, and the model takes their values as further arguments. Equal expressions are one
// value already, by CSE.
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/WeightExpression.h"

#include "llvm/ADT/SetVector.h"
#include "mlir/IR/IRMapping.h"

namespace quern::passes {
#define GEN_PASS_DEF_HOISTWEIGHTS
#include "passes/Passes.h.inc"

namespace {

/// Storing a broadcast would store copies: what is broadcast is stored, and kernels read it again
/// and again.
bool isStored(mlir::Value value) {
  return isWeightExpression(value) && isWorthStoring(value) &&
         !llvm::isa<ir::BroadcastOp>(value.getDefiningOp());
}

/// Weight expressions that some op outside of weight expressions reads, in the order of first use.
llvm::SetVector<mlir::Value> storedValues(mlir::func::FuncOp model) {
  llvm::SetVector<mlir::Value> stored;
  for (mlir::Operation &op : model.front()) {
    if (op.getNumResults() == 1 && isStored(op.getResult(0)))
      continue;
    for (mlir::Value operand : op.getOperands())
      if (isStored(operand))
        stored.insert(operand);
  }
  return stored;
}

/// The ops that `values` are computed by, in the model's order.
llvm::SmallVector<mlir::Operation *> expressionOps(mlir::func::FuncOp model,
                                                   llvm::ArrayRef<mlir::Value> values) {
  llvm::DenseSet<mlir::Operation *> needed;
  llvm::SmallVector<mlir::Value> pending(values);
  while (!pending.empty()) {
    mlir::Operation *op = pending.pop_back_val().getDefiningOp();
    if (needed.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  }
  llvm::SmallVector<mlir::Operation *> ordered;
  for (mlir::Operation &op : model.front())
    if (needed.contains(&op))
      ordered.push_back(&op);
  return ordered;
}

struct HoistWeights : impl::HoistWeightsBase<HoistWeights> {
  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    if (!model || prepareOf(getOperation()))
      return;
    llvm::SmallVector<mlir::Value> stored = storedValues(model).takeVector();

    // Before the function is there: a model of the same name keeps it.
    mlir::SymbolTable symbols(getOperation());
    mlir::OpBuilder builder(model);
    llvm::SmallVector<mlir::Type> types(mlir::ValueRange(stored).getTypes());
    auto prepare = mlir::func::FuncOp::create(builder, model.getLoc(), "prepare",
                                              builder.getFunctionType({}, types));
    prepare.setPrivate();
    prepare->setAttr(ir::names::prepare, builder.getUnitAttr());
    symbols.insert(prepare);
    builder.setInsertionPointToStart(prepare.addEntryBlock());
    mlir::IRMapping moved;
    for (mlir::Operation *op : expressionOps(model, stored))
      builder.clone(*op, moved);
    llvm::SmallVector<mlir::Value> results;
    for (mlir::Value value : stored)
      results.push_back(moved.lookup(value));
    mlir::func::ReturnOp::create(builder, model.getLoc(), results);

    for (auto [index, value] : llvm::enumerate(stored)) {
      auto attributes = builder.getDictionaryAttr(builder.getNamedAttr(
          ir::names::weight, builder.getI64IntegerAttr(static_cast<int64_t>(index))));
      unsigned position = model.getNumArguments();
      if (mlir::failed(model.insertArgument(position, value.getType(), attributes, value.getLoc())))
        return signalPassFailure();
      value.replaceAllUsesWith(model.getArgument(position));
    }
    for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(model.front())))
      if (mlir::isOpTriviallyDead(&op))
        op.erase();
  }
};

} // namespace
} // namespace quern::passes
