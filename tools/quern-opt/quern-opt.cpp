// Runs passes on textual IR: `quern-opt --fuse model.mlir`. For tests, and for looking at what a
// pass does.
#include "ir/Quern.h"
#include "passes/Pipeline.h"
#include "passes/Plan.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

namespace {
/// Ends a pipeline in tests: prints the plan as JSON.
struct PrintPlan : mlir::PassWrapper<PrintPlan, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrintPlan)
  llvm::StringRef getArgument() const override { return "print-plan"; }
  llvm::StringRef getDescription() const override { return "print the plan to stderr"; }
  void runOnOperation() override { quern::passes::writePlan(getOperation(), "", {}, llvm::errs()); }
};
} // namespace

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<quern::ir::QuernDialect, mlir::func::FuncDialect>();
  quern::passes::registerAll();
  mlir::PassRegistration<PrintPlan>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Quern's pass driver\n", registry));
}
