// A causal contract is proved, or refused with the path on which it is broken.
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/causal/Counterexample.h"

namespace quern::passes {
#define GEN_PASS_DEF_PROVECAUSALITY
#include "passes/Passes.h.inc"

namespace {

constexpr size_t shownAtEachEnd = 8;

std::string nameOr(mlir::Attribute name, llvm::StringRef otherwise) {
  auto text = llvm::dyn_cast_or_null<mlir::StringAttr>(name);
  return text ? text.str() : otherwise.str();
}

/// Where the contract stands in the source: the frontend fuses it to the model's own place.
mlir::Location contractLocation(mlir::func::FuncOp model) {
  auto fused = llvm::dyn_cast<mlir::FusedLoc>(model.getLoc());
  return fused ? fused.getLocations().back() : model.getLoc();
}

void noteStep(mlir::Diagnostic &error, const PathStep &step) {
  error.attachNote(step.op->getLoc())
      << step.name() << ": element " << indexText(step.element) << " reads "
      << indexText(step.readElement) << (step.tap.empty() ? "" : ", ") << step.tapText();
}

/// The steps that bring elements from other places or through taps; of a long path the two ends.
void notePath(mlir::Diagnostic &error, const Counterexample &found) {
  llvm::SmallVector<const PathStep *> steps;
  for (const PathStep &step : found.steps)
    if (step.moves || &step == &found.steps[found.blamed])
      steps.push_back(&step);
  size_t hidden = steps.size() > 2 * shownAtEachEnd ? steps.size() - 2 * shownAtEachEnd : 0;
  for (auto [at, step] : llvm::enumerate(steps)) {
    if (hidden > 0 && at == shownAtEachEnd)
      error.attachNote(step->op->getLoc()) << "and so on, through " << hidden << " more";
    if (hidden == 0 || at < shownAtEachEnd || at >= shownAtEachEnd + hidden)
      noteStep(error, *step);
  }
}

std::string aheadText(int64_t ahead) {
  return ahead == 0 ? "" : " and " + std::to_string(ahead) + " ahead";
}

mlir::LogicalResult prove(mlir::func::FuncOp model, ir::CausalAttr contract) {
  mlir::FailureOr<CausalAnalysis> analysis = analyseCausality(model, contract);
  if (mlir::failed(analysis))
    return mlir::failure();
  Verdict verdict = judge(*analysis);
  if (verdict.isCausal)
    return mlir::success();
  Counterexample found = findCounterexample(*analysis, verdict);
  auto input = static_cast<unsigned>(contract.getInput());
  auto output = static_cast<unsigned>(contract.getOutput());
  std::string reader = nameOr(model.getResultAttr(output, ir::names::name), "output") +
                       indexText(found.outputPosition);
  std::string source = nameOr(model.getArgAttr(input, ir::names::name), "input");
  mlir::InFlightDiagnostic error =
      mlir::emitError(contractLocation(model))
      << model.getSymName() << " is not " << (contract.getStrict() ? "strictly " : "")
      << "causal: " << reader << " reads " << source << indexText(found.inputPosition);
  if (!found.steps.empty())
    error << " through " << found.steps[found.blamed].text();
  error.attachNote() << "its contract lets " << reader << " read " << source << " up to "
                     << (contract.getStrict() ? "the position before " : "")
                     << indexText(found.outputPosition) << aheadText(analysis->ahead)
                     << "; the model looks up to " << verdict.beyond
                     << (verdict.beyond == 1 ? " position" : " positions") << " farther";
  notePath(*error.getUnderlyingDiagnostic(), found);
  return error;
}

struct ProveCausality : impl::ProveCausalityBase<ProveCausality> {
  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    auto contract =
        model ? model->getAttrOfType<ir::CausalAttr>(ir::names::causal) : ir::CausalAttr();
    if (contract && mlir::failed(prove(model, contract)))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
