#include "passes/Pipeline.h"

#include "passes/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace quern::passes {

void buildSimplify(mlir::OpPassManager &pm) {
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
  pm.addPass(createAbsorbShapes());
  pm.addPass(createFoldAffine());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
}

void buildChoosable(mlir::OpPassManager &pm) {
  pm.addPass(createLowerAttention());
  pm.addPass(createUnrollScan());
  buildSimplify(pm);
  pm.addPass(createRecognise());
  pm.addPass(createCropFilters());
  pm.addPass(createJoinProducts());
}

namespace {

/// From canonical form to what the code generator takes.
void buildKernels(mlir::OpPassManager &pm, const PipelineOptions &options) {
  buildChoosable(pm);
  pm.addPass(createChooseConv(options.conv));
  pm.addPass(createTransformFilters());
  pm.addPass(createHoistWeights());
  pm.addPass(createConstantStates());
  pm.addPass(createVerifyStage({"hoisted"}));
  pm.addPass(createChooseLayout());
  pm.addPass(createFuse({options.copySlices}));
  pm.addPass(createCollapsePixels());
  pm.addPass(createVerifyStage({"fused"}));
  pm.addPass(createOutlineKernels());
  pm.addPass(createVerifyStage({"outlined"}));
  pm.addPass(createCheckSizes());
  pm.addPass(createPlanMemory());
  pm.addPass(createVerifyStage({"planned"}));
}

} // namespace

void buildPipeline(mlir::OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createVerifyStage({"source"}));
  buildProof(pm);
  if (options.steps != StepsMode::none) {
    pm.addPass(createDeriveSteps({options.steps == StepsMode::ifPossible}));
    if (options.stepsAlone)
      pm.addPass(createDropFullPass());
    buildKernels(pm.nest<mlir::ModuleOp>(), PipelineOptions());
  }
  buildKernels(pm, options);
}

void buildProof(mlir::OpPassManager &pm) {
  buildSimplify(pm);
  pm.addPass(createProveCausality());
}

void buildStates(mlir::OpPassManager &pm) {
  pm.addPass(createDeriveSteps({/*isOptional=*/true}));
  mlir::OpPassManager &steps = pm.nest<mlir::ModuleOp>();
  steps.addPass(createLowerAttention());
  steps.addPass(createUnrollScan());
  buildSimplify(steps);
  steps.addPass(createHoistWeights());
  steps.addPass(createConstantStates());
}

std::vector<std::string> passNames() {
  mlir::OpPassManager pm(mlir::ModuleOp::getOperationName());
  buildPipeline(pm, {.steps = StepsMode::required, .stepsAlone = true});
  std::vector<std::string> names;
  for (mlir::Pass &pass : pm.getPasses()) {
    std::string name = pass.getArgument().str();
    // What holds the passes of the modules within has no name.
    if (!name.empty() && !llvm::is_contained(names, name))
      names.push_back(name);
  }
  return names;
}

mlir::LogicalResult runPipeline(mlir::ModuleOp module, const PipelineOptions &options) {
  mlir::PassManager pm(module.getContext());
  buildPipeline(pm, options);
  if (!options.printIrAfter.empty()) {
    module.getContext()->disableMultithreading();
    pm.enableIRPrinting([](mlir::Pass *, mlir::Operation *) { return false; },
                        [names = options.printIrAfter](mlir::Pass *pass, mlir::Operation *) {
                          return llvm::is_contained(names, pass->getArgument());
                        },
                        /*printModuleScope=*/true, /*printAfterOnlyOnChange=*/false);
  }
  return pm.run(module);
}

void registerAll() {
  registerQuernPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::PassPipelineRegistration<>("simplify", "canonical form; batch norm and constants folded",
                                   buildSimplify);
  mlir::PassPipelineRegistration<>(
      "quern", "all passes, in the compiler's order; direct convolution",
      [](mlir::OpPassManager &pm) { buildPipeline(pm, PipelineOptions()); });
  mlir::PassPipelineRegistration<>(
      "quern-steps", "the same, with the step programs of a causal model",
      [](mlir::OpPassManager &pm) { buildPipeline(pm, {.steps = StepsMode::required}); });
}

} // namespace quern::passes
