// `quern run`: compiles a model into the cache and becomes the program that came out.
#include "runtime/ModelImage.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"

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
  out << compilation.target().halide << options.hasWeightsFile << static_cast<int>(options.steps);
  for (const std::string &file :
       {options.weightsFile, llvm::sys::fs::getMainExecutable(nullptr, nullptr)}) {
    llvm::sys::fs::file_status status;
    llvm::SmallString<128> path(file);
    llvm::sys::fs::make_absolute(path);
    if (!llvm::sys::fs::status(path, status))
      out << path << status.getSize()
          << status.getLastModificationTime().time_since_epoch().count();
  }
  return fmt::format("{}-{:016x}", compilation.modelName(),
                     runtime::hashBytes(facts.data(), facts.size()));
}

/// Where programs are kept; a folder of the system's temporary place if there is no cache.
std::string programFolder() {
  llvm::SmallString<128> folder(cacheFolder());
  if (folder.empty())
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  llvm::sys::path::append(folder, "programs");
  llvm::sys::fs::create_directories(folder);
  return folder.str().str();
}

void run(CompilationOptions options, const std::vector<std::string> &arguments) {
  // Who asks for a sample wants to know why there is none.
  if (llvm::any_of(arguments, [](llvm::StringRef argument) {
        return argument.starts_with("--sample") || argument == "--stream";
      }))
    options.steps = passes::StepsMode::required;
  Compilation compilation(options);
  if (!compilation.load())
    throw CLI::RuntimeError(1);
  std::string program = programFolder() + "/" + programName(compilation, options);
  if (options.isUncached || !options.planFile.empty() || !llvm::sys::fs::can_execute(program))
    if (!compilation.bindWeights() || !compilation.plan() ||
        !compilation.build(codegen::EmitKind::executable, program))
      throw CLI::RuntimeError(1);

  std::vector<char *> argv{program.data()};
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
    run(*options, arguments);
  });
}

} // namespace quern::tools
