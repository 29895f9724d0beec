// `quern causal`: whether a model is causal, what each output sees, and what a sampler must keep.
#include "codegen/llvm/ModelImage.h"
#include "ir/StepAttributes.h"
#include "passes/Pipeline.h"
#include "runtime/SequenceState.h"
#include "runtime/formats/File.h"
#include "tools/quern/Commands.h"
#include "tools/quern/ModelSource.h"
#include "tools/quern/causal/CausalPage.h"
#include "tools/quern/causal/CausalReport.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace quern::tools {
namespace {

struct CausalOptions {
  ModelSource source;
  std::optional<std::string> over;
  bool isStrict = false;
  std::optional<std::string> at;
  bool isJson = false;
  std::string htmlFile;
};

[[noreturn]] void fail(const std::string &message) {
  llvm::errs() << "error: " << message << "\n";
  throw CLI::RuntimeError(1);
}

/// "2,3" as numbers, of which no axis has so many that a larger one than fits matters; fails with
/// what it is for.
llvm::SmallVector<int64_t> numbers(llvm::StringRef text, llvm::StringRef option) {
  llvm::SmallVector<int64_t> list;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    part = part.trim();
    if (part.empty() || !llvm::all_of(part, llvm::isDigit))
      throw CLI::ValidationError(
          fmt::format("{} takes whole numbers, as in 2,3, not '{}'", option.str(), text.str()));
    int64_t number = 0;
    if (part.getAsInteger(10, number))
      number = std::numeric_limits<int64_t>::max();
    list.push_back(number);
  }
  return list;
}

/// The contract that --over states: "2,3", axes of the first input and of the first output alike,
/// or "2,3:1,2".
ir::CausalAttr contractOver(const CausalOptions &options, mlir::func::FuncOp model) {
  auto [in, out] = llvm::StringRef(*options.over).split(':');
  llvm::SmallVector<int64_t> inputAxes = numbers(in, "--over");
  llvm::SmallVector<int64_t> outputAxes = out.empty() ? inputAxes : numbers(out, "--over");
  auto blame = [&] { return model.emitError("--over: "); };
  llvm::function_ref<mlir::InFlightDiagnostic()> emitError = blame;
  auto contract = ir::CausalAttr::getChecked(
      emitError, model.getContext(), int64_t(0), llvm::ArrayRef<int64_t>(inputAxes), int64_t(0),
      llvm::ArrayRef<int64_t>(outputAxes), options.isStrict, llvm::ArrayRef<int64_t>());
  if (!contract)
    throw CLI::RuntimeError(1);
  return contract;
}

ir::CausalAttr contractOf(const CausalOptions &options, mlir::func::FuncOp model) {
  if (options.over)
    return contractOver(options, model);
  auto contract = model->getAttrOfType<ir::CausalAttr>(ir::names::causal);
  if (!contract)
    fail(fmt::format("{} has no causal contract: write `causal over` after its result, or name the "
                     "ordered axes with --over",
                     model.getSymName().str()));
  return contract;
}

/// The output position to look at, where one was named.
std::optional<llvm::SmallVector<int64_t>> positionAt(const std::optional<std::string> &at,
                                                     const passes::Positions &positions) {
  if (!at)
    return std::nullopt;
  llvm::SmallVector<int64_t> position = numbers(*at, "--at");
  size_t axes = positions.extents().size();
  if (position.size() != axes)
    fail(fmt::format("--at {}: expected {} number{}, as the positions are {}", *at, axes,
                     axes == 1 ? "" : "s", fmt::join(positions.extents(), " x ")));
  bool isInside = llvm::all_of(llvm::zip_equal(position, positions.extents()),
                               [](auto pair) { return std::get<0>(pair) < std::get<1>(pair); });
  if (!isInside)
    fail(fmt::format("--at {}: no position of {}", *at, fmt::join(positions.extents(), " x ")));
  return position;
}

/// What is known of the step programs; nothing, after a warning, where none can be derived.
std::optional<CompiledSteps> compiledSteps(mlir::ModuleOp module, ir::CausalAttr contract) {
  mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
  mlir::func::FuncOp model = modelFunction(*copy);
  // Another contract than the model's own admits no look-ahead.
  if (model->getAttr(ir::names::causal) != contract)
    model->removeAttr(ir::names::latency);
  model->setAttr(ir::names::causal, contract);
  mlir::PassManager pm(module.getContext());
  passes::buildStates(pm);
  if (mlir::failed(pm.run(*copy)))
    throw CLI::RuntimeError(1);
  std::optional<ir::Steps> steps = ir::Steps::of(model);
  if (!steps)
    return std::nullopt;
  std::vector<runtime::StateEntry> states = codegen::describeStates(model);
  return CompiledSteps{.sequenceBytes = static_cast<int64_t>(runtime::savedBytes(states)),
                       .latency = steps->lag};
}

void analyse(const CausalOptions &options) {
  if (options.htmlFile == "-")
    fail("--html - would mix the page with the text on the standard output: name a file");
  if (runtime::Status writable = runtime::checkWritable(options.htmlFile);
      !options.htmlFile.empty() && !writable)
    fail(writable.error());
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  std::vector<std::string> sourceFiles;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      options.source.load(*context, /*isQuiet=*/false, &sourceFiles);
  if (!module)
    throw CLI::RuntimeError(1);
  if (runtime::Status spared =
          runtime::checkSpared(options.htmlFile, sourceFiles, "it", "reads or writes itself");
      !spared)
    fail(spared.error());
  mlir::PassManager pm(context.get());
  passes::buildSimplify(pm);
  if (mlir::failed(pm.run(*module)))
    throw CLI::RuntimeError(1);
  mlir::func::FuncOp model = modelFunction(*module);
  ir::CausalAttr contract = contractOf(options, model);
  auto analysis = passes::analyseCausality(model, contract);
  if (mlir::failed(analysis))
    throw CLI::RuntimeError(1);
  CausalReport report(*analysis, positionAt(options.at, analysis->positions));
  if (report.verdict.isCausal)
    report.steps = compiledSteps(*module, contract);
  if (options.isJson)
    fmt::print("{}\n", report.json());
  else
    report.print();
  if (!options.htmlFile.empty() && !writeCausalPage(report, options.htmlFile))
    throw CLI::RuntimeError(1);
  if (!report.verdict.isCausal)
    throw CLI::RuntimeError(1);
}

} // namespace

void addCausalCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand(
      "causal", "prove that a model is causal; its receptive field, blind spot and state");
  auto options = std::make_shared<CausalOptions>();
  options->source.addTo(*command);
  auto *over =
      command
          ->add_option(
              "--over", options->over,
              "ordered axes, counted from 0, of a model without a contract: --over 2,3, or "
              "--over 2,3:1,2 where the output's differ from the input's")
          ->type_name("AXES");
  command
      ->add_flag("--strict", options->isStrict,
                 "with --over: an output may not read its own "
                 "position")
      ->needs(over);
  command
      ->add_option(
          "--at", options->at,
          "the output position to look at, a number for each ordered axis: --at 14,14, or --at "
          "14,14,2 where the colours are ordered, too")
      ->type_name("POSITION");
  command->add_flag("--json", options->isJson, "as JSON");
  command->add_option("--html", options->htmlFile, "draw the fields of all positions as a page")
      ->type_name("FILE");
  command->callback([options] { analyse(*options); });
}

} // namespace quern::tools
