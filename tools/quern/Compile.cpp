// `quern compile`: a model to an executable, a library or a listing.
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/JsonText.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <memory>

namespace quern::tools {
namespace {

using codegen::EmitKind;

const std::map<std::string, EmitKind> &emitKinds() {
  static const std::map<std::string, EmitKind> kinds = {
      {"exe", EmitKind::executable},
      {"shared", EmitKind::shared},
      {"static", EmitKind::staticLibrary},
      {"object", EmitKind::object},
      {"mlir", EmitKind::mlir},
      {"llvm", EmitKind::llvm},
      {"halide", EmitKind::halide},
      {"asm", EmitKind::assembly},
  };
  return kinds;
}

struct CompileOptions {
  CompilationOptions common;
  EmitKind emit = EmitKind::executable;
  std::string output;
  bool isJson = false;
};

/// Files with others beside them; all else is a listing, to be read.
bool isBinary(EmitKind emit) {
  switch (emit) {
  case EmitKind::executable:
  case EmitKind::shared:
  case EmitKind::staticLibrary:
  case EmitKind::object:
    return true;
  default:
    return false;
  }
}

/// The output's name where the user gave none.
std::string defaultOutput(EmitKind emit, const std::string &model) {
  switch (emit) {
  case EmitKind::executable:
    return model;
  case EmitKind::shared:
    return "lib" + model + ".so";
  case EmitKind::staticLibrary:
    return "lib" + model + ".a";
  case EmitKind::object:
    return model + ".o";
  default:
    return "-";
  }
}

void printReport(const CompileOptions &options, const Compilation &compilation,
                 const std::string &output, double seconds) {
  const codegen::BuildReport &report = compilation.report();
  // A listing is made of what its kind needs: there is nothing else to tell.
  bool isBuilt = isBinary(options.emit);
  if (options.isJson) {
    nlohmann::ordered_json json = {{"model", compilation.modelName()},
                                   {"target", compilation.target().name},
                                   {"output", output},
                                   {"seconds", seconds},
                                   {"output_bytes", report.outputBytes}};
    if (isBuilt)
      json.update({{"launches", report.launches},
                   {"kernels", report.kernels},
                   {"kernels_from_cache", report.kernelsFromCache},
                   {"kernel_seconds", report.kernelSeconds},
                   {"arena_bytes", report.arenaBytes},
                   {"weights_bytes", report.weightsBytes},
                   {"scratch_bytes", report.scratch.bytesOn(compilation.threads())},
                   {"threads", compilation.threads()}});
    fmt::print("{}\n", jsonText(json));
    return;
  }
  if (isBuilt) {
    std::string calls = options.common.stepsAlone ? "step programs alone"
                                                  : fmt::format("{} kernel call{}", report.launches,
                                                                report.launches == 1 ? "" : "s");
    fmt::print("{}: {} of {} kernel{} ({} from the cache) for {}, {:.1f} s\n",
               compilation.modelName(), calls, report.kernels, report.kernels == 1 ? "" : "s",
               report.kernelsFromCache, compilation.target().name, seconds);
    fmt::print("memory to run: {} of weights, {} of activations, {} of scratch on {}\n",
               byteText(report.weightsBytes), byteText(report.arenaBytes),
               byteText(report.scratch.bytesOn(compilation.threads())),
               threadsText(compilation.threads()));
  }
  fmt::print("wrote {}, {}\n", output, byteText(report.outputBytes));
}

void compile(const CompileOptions &options) {
  auto start = std::chrono::steady_clock::now();
  Compilation compilation(options.common);
  if (options.output == "-" && isBinary(options.emit))
    throw CLI::ValidationError("--output",
                               "'-' is for mlir, llvm, halide and asm; a binary is a file");
  // Listings of the kernels need no weights, but what is chosen for given ones is shown.
  bool bindsWeights = (options.emit != EmitKind::mlir && options.emit != EmitKind::halide) ||
                      !options.common.weightsFile.empty();
  if (!compilation.load())
    throw CLI::RuntimeError(1);
  std::string output = options.output.empty() ? defaultOutput(options.emit, compilation.modelName())
                                              : options.output;
  if (!compilation.canWrite(options.emit, output) || (bindsWeights && !compilation.bindWeights()) ||
      !compilation.plan() || !compilation.build(options.emit, output))
    throw CLI::RuntimeError(1);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (output != "-" && !options.common.isQuiet)
    printReport(options, compilation, output, seconds);
}

} // namespace

void addCompileCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand("compile", "compile a model to a binary");
  auto options = std::make_shared<CompileOptions>();
  options->common.addTo(*command);
  auto kind = std::make_shared<std::string>("exe");
  command->add_option("--emit", *kind, "exe, shared, static, object, mlir, llvm, halide or asm")
      ->type_name("KIND")
      ->check(CLI::IsMember(&emitKinds()).description(""))
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "file to write; '-' for standard output (mlir, llvm, halide, asm)")
      ->check([](const std::string &file) { return file.empty() ? "takes a file's name" : ""; }, "")
      ->type_name("FILE");
  command->add_flag("--weights-file", options->common.hasWeightsFile,
                    "write the weights to OUTPUT.weights, mapped when the model runs");
  command->add_flag("--json", options->isJson, "report as JSON");
  command->callback([options, kind] {
    options->emit = emitKinds().at(*kind);
    compile(*options);
  });
}

} // namespace quern::tools
