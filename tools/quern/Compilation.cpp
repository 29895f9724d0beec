#include "tools/quern/Compilation.h"

#include "codegen/OutputFile.h"
#include "passes/Pipeline.h"
#include "passes/Plan.h"
#include "tools/quern/Progress.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <fmt/format.h>

namespace quern::tools {

void CompilationOptions::addTo(CLI::App &command) {
  source.addTo(command);
  command
      .add_option("--weights", weightsFile,
                  "weights: safetensors, .npz or a torch checkpoint; 'random' for made-up ones")
      ->type_name("FILE");
  command.add_option("--target", targetName, "machine to compile for")
      ->type_name("NAME")
      ->capture_default_str();
  conv.addTo(command);
  command.add_flag("--weights-file", hasWeightsFile,
                   "write the weights to OUTPUT.weights, mapped when the model runs");
  command.add_option("--plan", planFile, "write every choice that was made to this file (JSON)")
      ->type_name("FILE");
  command.add_option("--print-ir-after", printIrAfter, "print the IR after this pass")
      ->type_name("PASS")
      ->allow_extra_args(false);
  command.add_option("-j,--jobs", jobs, "kernels compiled at once; 0: one each processor")
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--no-cache", isUncached, "compile every kernel anew");
  command.add_flag("-q,--quiet", isQuiet, "print errors only");
}

bool Compilation::load() {
  std::string why;
  mlir::FailureOr<codegen::Target> found = codegen::parseTarget(options.targetName, why);
  if (mlir::failed(found)) {
    fmt::print(stderr, "error: {}\n", why);
    return false;
  }
  theTarget = *found;
  theModule = options.source.load(*context);
  return static_cast<bool>(theModule);
}

std::string Compilation::modelName() const { return modelFunction(module()).getSymName().str(); }

bool Compilation::bindWeights() {
  size_t count = requiredParameters(module()).size();
  if (options.weightsFile.empty() && count > 0) {
    fmt::print(stderr,
               "error: {} has {} parameters; give --weights FILE, or --weights random to try it "
               "with made-up numbers\n",
               modelName(), count);
    return false;
  }
  return options.weightsFile.empty() || weights.bind(module(), options.weightsFile);
}

bool Compilation::plan() {
  passes::PipelineOptions pipeline;
  pipeline.printIrAfter = options.printIrAfter;
  pipeline.conv = options.conv.policy(theTarget);
  pipeline.conv.decisions = &decisions;
  if (!options.weightsFile.empty())
    pipeline.conv.load = [this](ir::ParameterOp parameter) { return weights.load(parameter); };
  return mlir::succeeded(passes::runPipeline(module(), pipeline));
}

bool Compilation::build(codegen::EmitKind emit, const std::string &output) {
  Progress progress(options.isQuiet);
  codegen::BuildOptions build;
  build.emit = emit;
  build.output = output;
  build.cacheFolder = options.isUncached ? "" : cacheFolder();
  build.jobs = options.jobs;
  build.hasWeightsFile = options.hasWeightsFile;
  build.libraryFolder = libraryFolder();
  build.includeFolder = includeFolder();
  build.load = [this](ir::ParameterOp parameter) { return weights.load(parameter); };
  build.progress = [&](llvm::StringRef step, int done, int total) {
    progress.show(std::string_view(step.data(), step.size()), done, total);
  };
  mlir::FailureOr<codegen::BuildReport> report = codegen::build(module(), theTarget, build);
  if (mlir::failed(report))
    return false;
  theReport = *report;
  return writePlan();
}

void Compilation::printPlan(llvm::raw_ostream &out) const {
  passes::writePlan(module(), decisions, out);
}

bool Compilation::writePlan() {
  if (options.planFile.empty())
    return true;
  std::string text;
  llvm::raw_string_ostream out(text);
  printPlan(out);
  llvm::Error error =
      codegen::writeOutput(options.planFile, {llvm::ArrayRef(text.data(), text.size())});
  if (!error)
    return true;
  fmt::print(stderr, "error: {}\n", llvm::toString(std::move(error)));
  return false;
}

std::string byteText(int64_t bytes) {
  if (bytes < 1024)
    return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1024;
  for (const char *unit : {"KiB", "MiB"}) {
    if (size < 1024)
      return fmt::format("{:.1f} {}", size, unit);
    size /= 1024;
  }
  return fmt::format("{:.1f} GiB", size);
}

} // namespace quern::tools
