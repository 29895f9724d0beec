#include "tools/quern/Compilation.h"

#include "codegen/Header.h"
#include "codegen/OutputFile.h"
#include "frontend/Diagnostics.h"
#include "passes/Pipeline.h"
#include "passes/Plan.h"
#include "passes/PlanReplay.h"
#include "passes/conv/MatrixProduct.h"
#include "runtime/formats/File.h"
#include "tools/quern/Calibration.h"
#include "tools/quern/Progress.h"
#include "tools/quern/conv/ConvLab.h"

#include "llvm/Support/MemoryBuffer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <thread>

namespace quern::tools {
namespace {

/// Whether a file lies where a header is to be that is not one of ours.
bool isForeign(const std::string &header) {
  auto text = llvm::MemoryBuffer::getFile(header);
  return text && !codegen::isOwnHeader((*text)->getBuffer());
}

/// What is wrong with the name of a pass; empty where nothing is.
std::string unknownPass(const std::string &name) {
  std::vector<std::string> names = passes::passNames();
  if (llvm::is_contained(names, name))
    return "";
  std::vector<llvm::StringRef> known(names.begin(), names.end());
  std::string nearest = frontend::didYouMean(name, known);
  return fmt::format("no pass '{}'{} There are {}", name, nearest.empty() ? "." : nearest,
                     fmt::join(names, ", "));
}

} // namespace

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
  addStepsTo(command);
  command.add_option("--plan", planFile, "write every choice that was made to this file (JSON)")
      ->type_name("FILE");
  command
      .add_option("--replay", replayFile,
                  "choose as this plan file says, which --plan wrote, and by no budget")
      ->type_name("FILE")
      ->excludes("--conv")
      ->excludes("--max-error")
      ->excludes("--max-workspace");
  command
      .add_option("--calibrate", calibration,
                  "inputs, as the program takes them, on which the errors of convolutions are "
                  "measured; otherwise on random ones")
      ->type_name("FILE")
      ->needs("--weights")
      ->excludes("--replay");
  addPrintIrAfterTo(command);
  command.add_option("-j,--jobs", jobs, "kernels compiled at once; 0: one each processor")
      ->check(CLI::Range(0, 1024).description(""));
  command.add_flag("--no-cache", isUncached, "compile every kernel anew");
  command.add_flag("-q,--quiet", isQuiet, "print errors only");
}

void CompilationOptions::addStepsTo(CLI::App &command) {
  static const std::map<std::string, passes::StepsMode> modes = {
      {"auto", passes::StepsMode::ifPossible},
      {"always", passes::StepsMode::required},
      {"never", passes::StepsMode::none},
      {"only", passes::StepsMode::required}};
  command
      .add_option_function<std::string>(
          "--steps",
          [this](const std::string &mode) {
            steps = modes.at(mode);
            stepsAlone = mode == "only";
          },
          "step programs of a causal model, to sample it position by position: where they can be "
          "derived (auto), always, never, or only they and no pass over the whole model (only)")
      ->type_name("MODE")
      ->check(
          [](const std::string &mode) {
            return modes.contains(mode)
                       ? ""
                       : fmt::format("'{}' is none of auto, always, never and only", mode);
          },
          "");
}

void CompilationOptions::addPrintIrAfterTo(CLI::App &command) {
  command.add_option("--print-ir-after", printIrAfter, "print the IR after this pass")
      ->type_name("PASS")
      ->allow_extra_args(false)
      ->check(CLI::Validator(unknownPass, ""));
}

unsigned Compilation::threads() const {
  return theTarget.name == "host" ? std::max(1U, std::thread::hardware_concurrency()) : 2;
}

bool Compilation::load() {
  std::string why;
  mlir::FailureOr<codegen::Target> found = codegen::parseTarget(options.targetName, why);
  if (mlir::failed(found)) {
    fmt::print(stderr, "error: {}\n", why);
    return false;
  }
  theTarget = *found;
  theModule = options.source.load(*context, options.isQuiet, &sourceFiles);
  return static_cast<bool>(theModule);
}

std::string Compilation::modelName() const { return modelFunction(module()).getSymName().str(); }

std::vector<std::string> Compilation::filesRead() const {
  std::vector<std::string> files = sourceFiles;
  files.push_back(options.replayFile);
  llvm::append_range(files, options.calibration);
  if (options.weightsFile != randomWeights)
    files.push_back(options.weightsFile);
  return files;
}

bool Compilation::canWrite(codegen::EmitKind emit, const std::string &output) const {
  std::vector<std::string> files{output}, kept = filesRead();
  if (options.hasWeightsFile)
    files.push_back(output + ".weights");
  if (!options.planFile.empty())
    files.push_back(options.planFile);
  for (const std::string &header : codegen::headersOf(emit, output)) {
    files.push_back(header);
    if (isForeign(header)) {
      fmt::print(stderr,
                 "error: {}: the C header would replace this file, which quern did not write; "
                 "move it, or give another --output\n",
                 header);
      return false;
    }
  }
  for (const std::string &file : files) {
    if (runtime::Status spared = runtime::checkSpared(file, kept, "it", "reads or writes itself");
        !spared) {
      fmt::print(stderr, "error: {}\n", spared.error());
      return false;
    }
    if (runtime::Status writable = runtime::checkWritable(file); !writable) {
      fmt::print(stderr, "error: {}\n", writable.error());
      return false;
    }
    kept.push_back(file);
  }
  return true;
}

bool Compilation::bindWeights() {
  size_t count = requiredParameters(module()).size();
  if (options.weightsFile.empty() && count > 0) {
    fmt::print(stderr,
               "error: {} has {} parameters; give --weights FILE, or --weights {} to try it "
               "with made-up numbers\n",
               modelName(), count, std::string_view(randomWeights));
    return false;
  }
  return options.weightsFile.empty() || weights.bind(module(), options.weightsFile, theWarnings);
}

std::string Compilation::planTarget() const {
  return fmt::format("{} ({})", theTarget.name, theTarget.halide);
}

bool Compilation::readReplay(passes::ConvPolicy &policy) {
  auto fail = [&](const std::string &why) {
    fmt::print(stderr, "error: cannot replay '{}': {}\n", options.replayFile, why);
    return false;
  };
  auto file = llvm::MemoryBuffer::getFile(options.replayFile, /*IsText=*/true);
  if (!file)
    return fail(file.getError().message());
  std::string why;
  auto plan = passes::readPlan((*file)->getBuffer(), planTarget(), modelName(), why);
  if (mlir::failed(plan))
    return fail(why);
  policy.mode = passes::ConvMode::replay;
  policy.replay = std::move(*plan);
  return true;
}

mlir::FailureOr<passes::ConvPolicy> Compilation::policy() {
  passes::ConvPolicy policy = options.conv.policy(theTarget, threads());
  policy.decisions = &decisions;
  policy.excluded = excluded;
  policy.keepsWeights = options.keepsConvWeights;
  if (!kernelWorkspaces)
    kernelWorkspaces.emplace(theTarget, threads());
  policy.workspace = [this](const passes::ConvShape &shape,
                            const passes::ConvCandidate &candidate) {
    return kernelWorkspaces->of({shape, candidate.algorithm, candidate.tile});
  };
  if (!options.weightsFile.empty())
    policy.load = [this](ir::ParameterOp parameter) { return weights.load(parameter); };
  if (!options.calibration.empty()) {
    if (!observed && !(observed = calibrate(options)))
      return mlir::failure();
    policy.observed = *observed;
  }
  if (policy.mode == passes::ConvMode::measure) {
    if (options.targetName != "host") {
      fmt::print(stderr,
                 "error: --conv measure times kernels here, so it needs --target host, not "
                 "{}; --conv auto estimates for any target\n",
                 options.targetName);
      return mlir::failure();
    }
    timer = std::make_unique<LabTimer>(theTarget, threads());
    policy.timer = timer.get();
  }
  if (!options.replayFile.empty() && !readReplay(policy))
    return mlir::failure();
  return policy;
}

bool Compilation::plan() {
  if (theTarget.onDevice() && options.steps == passes::StepsMode::required) {
    fmt::print(stderr,
               "error: step programs run on a CPU, not on {}: give another --target, or --steps "
               "never\n",
               theTarget.name);
    return false;
  }
  passes::PipelineOptions pipeline;
  pipeline.printIrAfter = options.printIrAfter;
  pipeline.copySlices = theTarget.onDevice();
  pipeline.steps = theTarget.onDevice() ? passes::StepsMode::none : options.steps;
  pipeline.stepsAlone = options.stepsAlone;
  decisions.clear();
  mlir::FailureOr<passes::ConvPolicy> chosen = policy();
  if (mlir::failed(chosen))
    return false;
  pipeline.conv = std::move(*chosen);
  return mlir::succeeded(passes::runPipeline(module(), pipeline));
}

mlir::FailureOr<codegen::BuildReport> Compilation::buildOnce(codegen::EmitKind emit,
                                                             const std::string &output,
                                                             std::vector<ConvWorkspace> &tooLarge) {
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
  build.accepts = [&](llvm::ArrayRef<codegen::KernelFacts> facts) {
    tooLarge = convsBeyondWorkspace(facts);
    return tooLarge.empty();
  };
  return codegen::build(module(), theTarget, build);
}

std::vector<Compilation::ConvWorkspace>
Compilation::workspaces(llvm::ArrayRef<codegen::KernelFacts> facts) {
  std::vector<ConvWorkspace> all;
  for (const codegen::KernelFacts &kernel : facts) {
    int64_t bytes = kernel.scratch.bytesOn(threads());
    auto add = [&](const passes::ConvShape &shape, ir::ConvAttr algorithm) {
      all.push_back(
          {{shape.text(), algorithm.getAlgorithm(), passes::Tile(algorithm.getTile())}, bytes});
    };
    auto function = module().lookupSymbol<mlir::func::FuncOp>(kernel.name);
    for (auto conv : function.getOps<ir::ConvOp>())
      add(passes::shapeOf(conv), *conv.getAlgorithm());
    for (auto contract : function.getOps<ir::ContractOp>())
      if (contract.getAlgorithm())
        add(passes::shapeOf(*passes::matrixProductOf(contract)), *contract.getAlgorithm());
  }
  return all;
}

std::vector<Compilation::ConvWorkspace>
Compilation::convsBeyondWorkspace(llvm::ArrayRef<codegen::KernelFacts> facts) {
  std::optional<int64_t> most = parseBytes(options.conv.maxWorkspace);
  std::vector<ConvWorkspace> beyond;
  for (const ConvWorkspace &used : workspaces(facts))
    if (most && used.bytes > *most)
      beyond.push_back(used);
  return beyond;
}

/// What a convolution needs for which there is no choice within the budget.
std::string Compilation::beyondWorkspaceText(const ConvWorkspace &used) const {
  int64_t least = used.bytes;
  for (const passes::ConvDecision &decision : decisions)
    if (isChoiceOpen() && decision.planned() == used.conv)
      for (const passes::ConvCandidate &candidate : decision.candidates)
        least = std::min(least, candidate.workspaceBytes.value_or(least));
  return fmt::format(
      "the convolution {} needs a workspace of {} {} on {}; raise --max-workspace, "
      "which is {}, to {} or more",
      used.conv.shape, byteText(least),
      isChoiceOpen() ? "at least, by every algorithm within the budget on errors,"
                     : "by " + passes::variantText(used.conv.algorithm, used.conv.tile),
      threadsText(threads()), byteText(*parseBytes(options.conv.maxWorkspace)), least);
}

/// Names the convolutions that were chosen again for want of others, or as the user named them.
void Compilation::printBeyondWorkspace(llvm::ArrayRef<ConvWorkspace> tooLarge) const {
  std::vector<std::string> errors;
  for (const ConvWorkspace &used : tooLarge)
    if (std::string text = beyondWorkspaceText(used); !llvm::is_contained(errors, text))
      errors.push_back(text);
  fmt::print(stderr, "error: {}\n", fmt::join(errors, "\nerror: "));
}

void Compilation::noteWorkspaces(llvm::ArrayRef<codegen::KernelFacts> facts) {
  std::vector<ConvWorkspace> all = workspaces(facts);
  for (passes::ConvDecision &decision : decisions) {
    passes::PlannedConv planned = decision.planned();
    for (const ConvWorkspace &used : all)
      if (passes::ConvCandidate *chosen = decision.chosen(); chosen && used.conv == planned)
        chosen->workspaceBytes = std::max(chosen->workspaceBytes.value_or(0), used.bytes);
  }
}

bool Compilation::build(codegen::EmitKind emit, const std::string &output) {
  for (;;) {
    std::vector<ConvWorkspace> tooLarge;
    mlir::FailureOr<codegen::BuildReport> report = buildOnce(emit, output, tooLarge);
    if (mlir::succeeded(report)) {
      theReport = *report;
      noteWorkspaces(theReport.facts);
      return writePlan();
    }
    if (tooLarge.empty())
      return false;
    size_t known = excluded.size();
    for (const ConvWorkspace &used : tooLarge)
      if (!llvm::is_contained(excluded, used.conv))
        excluded.push_back(used.conv);
    if (excluded.size() == known) {
      printBeyondWorkspace(tooLarge);
      return false;
    }
    if (!load() || !plan())
      return false;
  }
}

bool Compilation::isChoiceOpen() const {
  return options.conv.choice == "auto" || options.conv.choice == "measure";
}

void Compilation::printPlan(llvm::raw_ostream &out) const {
  passes::writePlan(module(), planTarget(), decisions, out);
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

std::string threadsText(unsigned threads) {
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

} // namespace quern::tools
