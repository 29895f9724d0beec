// Each fused op becomes a launch of a kernel function. Kernels that agree in all but their place in
// the source are one function: it is compiled once, and stays in the instruction cache.
#include "passes/KernelName.h"
#include "passes/Model.h"
#include "passes/Passes.h"

#include "llvm/ADT/StringMap.h"
#include "mlir/IR/IRMapping.h"

namespace quern::passes {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/Passes.h.inc"

namespace {

/// What two fused ops have in common exactly if they do the same: types and body, without locations
/// and without the names of the operands.
std::string fingerprint(ir::FusedOp fused) {
  std::string text;
  llvm::raw_string_ostream out(text);
  mlir::Block &body = fused.getBody().front();
  llvm::DenseMap<mlir::Value, size_t> numbers;
  for (mlir::BlockArgument argument : body.getArguments()) {
    numbers.try_emplace(argument, numbers.size());
    out << argument.getType() << ";";
  }
  for (mlir::Operation &op : body) {
    out << op.getName() << "(";
    for (mlir::Value operand : op.getOperands())
      out << numbers.at(operand) << ",";
    out << ")" << op.getAttrDictionary() << ":" << op.getResultTypes() << ";";
    for (mlir::Value result : op.getResults())
      numbers.try_emplace(result, numbers.size());
  }
  return text;
}

struct OutlineKernels : impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    if (!model)
      return;
    mlir::SymbolTable symbols(getOperation());
    llvm::StringMap<mlir::func::FuncOp> kernels;
    llvm::StringMap<int64_t> count;
    for (auto fused : llvm::make_early_inc_range(model.front().getOps<ir::FusedOp>())) {
      mlir::func::FuncOp &kernel = kernels[fingerprint(fused)];
      if (!kernel) {
        std::string name = kernelName(fused.getBody().front());
        kernel = outline(fused, name + "_" + std::to_string(count[name]++), model);
        symbols.insert(kernel);
      }
      mlir::OpBuilder builder(fused);
      auto launch = ir::LaunchOp::create(builder, fused.getLoc(), fused.getResultTypes(),
                                         mlir::FlatSymbolRefAttr::get(kernel), fused.getInputs(),
                                         mlir::DenseI64ArrayAttr());
      fused.replaceAllUsesWith(launch.getOutputs());
      fused.erase();
    }
  }

private:
  /// A kernel function with a copy of the body, before the model.
  static mlir::func::FuncOp outline(ir::FusedOp fused, llvm::StringRef name,
                                    mlir::func::FuncOp model) {
    mlir::OpBuilder builder(model);
    auto type = builder.getFunctionType(fused.getInputs().getTypes(), fused.getResultTypes());
    auto kernel = mlir::func::FuncOp::create(builder, fused.getLoc(), name, type);
    kernel.setPrivate();
    kernel->setAttr(ir::names::kernel, builder.getUnitAttr());
    mlir::IRMapping none;
    fused.getBody().cloneInto(&kernel.getBody(), none);
    mlir::Operation *yield = kernel.front().getTerminator();
    builder.setInsertionPoint(yield);
    mlir::func::ReturnOp::create(builder, yield->getLoc(), yield->getOperands());
    yield->erase();
    return kernel;
  }
};

} // namespace
} // namespace quern::passes
