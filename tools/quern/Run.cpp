// `quern run`: compiles a model into the cache and becomes the program that came out.
#include "runtime/ModelImage.h"
#include "runtime/formats/File.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/ProgramCache.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

namespace quern::tools {
namespace {

/// A name for what would be compiled: the same model, weights, target and compiler have the same.
std::string programName(const Compilation &compilation, const CompilationOptions &options) {
  std::string facts;
  llvm::raw_string_ostream out(facts);
  compilation.module()->print(out);
  out << compilation.target().halide << static_cast<int>(options.steps) << options.stepsAlone
      << options.conv.choice << '/' << options.conv.maxError.value_or(0) << '/'
      << options.conv.maxWorkspace;
  for (const std::string &file : {options.weightsFile, options.replayFile,
                                  llvm::sys::fs::getMainExecutable(nullptr, nullptr)}) {
    llvm::sys::fs::file_status status;
    llvm::SmallString<128> path(file);
    (void)llvm::sys::fs::make_absolute(path);
    if (!llvm::sys::fs::status(path, status))
      out << path << status.getSize()
          << status.getLastModificationTime().time_since_epoch().count();
  }
  return fmt::format("{}-{:016x}", compilation.modelName(),
                     runtime::hashBytes(facts.data(), facts.size()));
}

/// The files that the program is told to write.
std::vector<std::string> outputsAmong(const std::vector<std::string> &arguments) {
  std::vector<std::string> outputs;
  for (size_t i = 0; i < arguments.size(); ++i)
    for (llvm::StringRef option : {"--output", "--png"}) {
      llvm::StringRef argument = arguments[i];
      if (argument == option && i + 1 < arguments.size())
        outputs.push_back(arguments[i + 1]);
      else if (argument.consume_front(option) && argument.consume_front("="))
        outputs.push_back(argument.str());
    }
  return outputs;
}

/// The files that arguments may name: a file, NAME=FILE, --option=FILE, @FILE or FILE.npz:ARRAY.
std::vector<std::string> filesAmong(const std::vector<std::string> &arguments) {
  std::vector<std::string> files = arguments;
  for (llvm::StringRef argument : arguments) {
    llvm::StringRef named = argument.contains('=') ? argument.split('=').second : argument;
    named.consume_front("@");
    files.push_back(named.str());
    if (size_t array = named.rfind(".npz:"); array != llvm::StringRef::npos)
      files.push_back(named.take_front(array).str() + ".npz");
  }
  return files;
}

void require(const runtime::Status &status) {
  if (status)
    return;
  fmt::print(stderr, "error: {}\n", status.error());
  throw CLI::RuntimeError(1);
}

/// The program knows what it reads itself; what it was made from must not be lost either, nor what
/// it reads and writes to the plan, which is written before.
void checkPlaces(const Compilation &compilation, const std::string &plan,
                 const std::vector<std::string> &arguments) {
  for (const std::string &output : outputsAmong(arguments))
    require(runtime::checkSpared(output, compilation.filesRead(), "the output"));
  require(runtime::checkSpared(plan, filesAmong(arguments), "the plan", "reads or writes itself"));
}

/// Whether the program is to generate, for which a model's step programs are enough.
bool generates(const std::vector<std::string> &arguments) {
  return llvm::any_of(arguments, [](llvm::StringRef argument) {
    llvm::StringRef option = argument.split('=').first;
    return option == "--sample" || option == "--stream";
  });
}

void run(const CompilationOptions &options, const std::vector<std::string> &arguments) {
  Compilation compilation(options);
  if (!compilation.load())
    throw CLI::RuntimeError(1);
  checkPlaces(compilation, options.planFile, arguments);
  runtime::Result<ProgramCache> cache = ProgramCache::open();
  if (!cache) {
    fmt::print(stderr, "error: {}\n", cache.error());
    throw CLI::RuntimeError(1);
  }
  std::string name = programName(compilation, options), program = cache->pathOf(name);
  if (options.isUncached || !options.planFile.empty() || !options.printIrAfter.empty() ||
      !cache->has(name)) {
    if (!compilation.canWrite(codegen::EmitKind::executable, program) ||
        !compilation.bindWeights() || !compilation.plan() ||
        !compilation.build(codegen::EmitKind::executable, program))
      throw CLI::RuntimeError(1);
    cache->keepWarnings(name, compilation.warnings());
    cache->prune(name);
  } else {
    Warnings(options.isQuiet).show(cache->warningsOf(name));
  }

  // What the program complains of is about the user's file, not about one in the cache.
  std::string called =
      fmt::format("quern run {}", llvm::sys::path::filename(options.source.path).str());
  std::vector<char *> argv{called.data()};
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  fmt::print(stderr, "error: cannot run '{}': {}\n", program, strerror(errno));
  throw CLI::RuntimeError(1);
}

} // namespace

void addRunCommand(CLI::App &app, const std::vector<std::string> &forProgram) {
  CLI::App *command = app.add_subcommand(
      "run", "compile a model and run it; what follows the model goes to its program");
  auto options = std::make_shared<CompilationOptions>();
  options->addTo(*command);
  command->footer("quern run MODEL.qn [OPTIONS] -- --help shows what the program takes: inputs "
                  "(.npy, .npz, images, raw), --output, --bench, --profile ...");
  command->allow_extras();
  command->callback([command, options, forProgram] {
    std::vector<std::string> arguments = command->remaining();
    arguments.insert(arguments.end(), forProgram.begin(), forProgram.end());
    // A plan is one of the full pass.
    options->stepsAlone |= options->steps == passes::StepsMode::ifPossible &&
                           options->planFile.empty() && options->replayFile.empty() &&
                           generates(arguments);
    run(*options, arguments);
  });
}

} // namespace quern::tools
