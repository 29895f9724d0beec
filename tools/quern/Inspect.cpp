// `quern inspect`: what a model consists of and what the compiler makes of it.
#include "codegen/Compile.h"
#include "codegen/llvm/ModelImage.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "passes/Plan.h"
#include "runtime/DType.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/JsonText.h"
#include "tools/quern/Table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>

namespace quern::tools {
namespace {

using Json = nlohmann::ordered_json;
using frontend::weights::RequiredParameter;

struct InspectOptions {
  CompilationOptions common;
  bool isJson = false;
  bool showsParameters = false;
};

std::string shapeText(llvm::ArrayRef<int64_t> shape) { return ir::shapeText(shape); }

int64_t parameterBytes(const RequiredParameter &parameter) {
  int64_t bytes = static_cast<int64_t>(quern_dtype_bytes(parameter.dtype));
  for (int64_t extent : parameter.shape)
    bytes *= extent;
  return bytes;
}

/// One line of the plan: a kernel call.
struct Step {
  std::string kernel, schedule, places;
  codegen::StepFacts facts;
};

/// "winograd_4x4", "gemm tile_nv=2 tile_mx=14": the variant of an algorithm or the family of loops,
/// and the numbers of the schedule.
std::string scheduleText(mlir::func::FuncOp kernel) {
  auto schedule = kernel->getAttrOfType<ir::ScheduleAttr>(ir::names::schedule);
  std::string text = ir::stringifyScheduleKind(schedule.getKind()).str();
  for (mlir::Operation &op : kernel.front())
    if (ir::ConvAttr chosen = passes::algorithmOf(&op);
        chosen && chosen.getAlgorithm() != ir::ConvAlgorithm::direct)
      text = chosen.text();
  if (mlir::DictionaryAttr numbers = schedule.getNumbers())
    for (mlir::NamedAttribute number : numbers)
      if (auto value = llvm::dyn_cast<mlir::IntegerAttr>(number.getValue()))
        text += fmt::format(" {}={}", number.getName().str(), value.getInt());
  return text;
}

/// Where the results lie: offsets in the arena, or the caller's memory.
std::string placesText(ir::LaunchOp launch) {
  std::string text;
  std::optional<llvm::ArrayRef<int64_t>> offsets = launch.getOffsets();
  for (int64_t offset : *offsets)
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        offset < 0 ? "output" : std::to_string(offset));
  return text;
}

std::vector<Step> stepsOf(mlir::ModuleOp module) {
  std::vector<Step> steps;
  for (ir::LaunchOp launch : modelFunction(module).getOps<ir::LaunchOp>())
    steps.push_back({launch.getKernel().str(),
                     scheduleText(module.lookupSymbol<mlir::func::FuncOp>(launch.getKernel())),
                     placesText(launch), codegen::describeStep(launch)});
  return steps;
}

/// The place in a source as seen from the current folder, where that is shorter.
std::string shortened(const std::string &location) {
  std::error_code error;
  std::string path = std::filesystem::proximate(location, error).string();
  return error || path.size() > location.size() ? location : path;
}

Json parametersJson(const std::vector<RequiredParameter> &parameters) {
  Json list = Json::array();
  for (const RequiredParameter &parameter : parameters)
    list.push_back({{"name", parameter.name},
                    {"dtype", quern_dtype_name(parameter.dtype)},
                    {"shape", parameter.shape},
                    {"location", parameter.location}});
  return list;
}

void printParameters(const std::vector<RequiredParameter> &parameters) {
  Table table("<<<>");
  table.add({"parameter", "type", "shape", "bytes"});
  for (const RequiredParameter &parameter : parameters)
    table.add({parameter.name, quern_dtype_name(parameter.dtype), shapeText(parameter.shape),
               std::to_string(parameterBytes(parameter))});
  fmt::print("\n{}", table.text());
}

void printSteps(const std::vector<Step> &steps) {
  Table table("><<>>><<<");
  table.add({"#", "label", "kernel", "MFLOP", "moved", "arena", "schedule", "computes", "source"});
  for (size_t i = 0; i < steps.size(); ++i)
    table.add({std::to_string(i), steps[i].facts.label, steps[i].kernel,
               fmt::format("{:.2f}", static_cast<double>(steps[i].facts.flops) * 1e-6),
               byteText(static_cast<int64_t>(steps[i].facts.bytes)), steps[i].places,
               steps[i].schedule, steps[i].facts.name, shortened(steps[i].facts.location)});
  fmt::print("\n{}", table.text());
}

void printSummary(mlir::func::FuncOp model, const std::vector<RequiredParameter> &parameters,
                  const std::vector<Step> &steps) {
  int64_t elements = 0, bytes = 0;
  for (const RequiredParameter &parameter : parameters) {
    bytes += parameterBytes(parameter);
    elements +=
        parameterBytes(parameter) / static_cast<int64_t>(quern_dtype_bytes(parameter.dtype));
  }
  double flops = 0;
  for (const Step &step : steps)
    flops += static_cast<double>(step.facts.flops);
  int64_t arena = model->getAttrOfType<mlir::IntegerAttr>(ir::names::arenaBytes).getInt();
  fmt::print(
      "{}: {} parameters in {} tensors ({}), {:.3f} GFLOP, {} kernel calls, {} of activations\n",
      model.getSymName().str(), elements, parameters.size(), byteText(bytes), flops * 1e-9,
      steps.size(), byteText(arena));
  for (mlir::BlockArgument argument : model.getArguments())
    if (!model.getArgAttr(argument.getArgNumber(), ir::names::weight))
      fmt::print(
          "  input   {:<16} {}\n",
          model.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), ir::names::name).str(),
          shapeText(ir::tensorType(argument).getShape()));
  for (auto [index, type] : llvm::enumerate(model.getResultTypes()))
    fmt::print("  output  {:<16} {}\n",
               model.getResultAttrOfType<mlir::StringAttr>(index, ir::names::name).str(),
               shapeText(llvm::cast<mlir::RankedTensorType>(type).getShape()));
}

void inspect(const InspectOptions &options) {
  Compilation compilation(options.common);
  if (!compilation.load())
    throw CLI::RuntimeError(1);
  std::vector<RequiredParameter> parameters = requiredParameters(compilation.module());
  if (!compilation.plan() ||
      mlir::failed(codegen::assignWeightLayouts(compilation.module(), compilation.target())))
    throw CLI::RuntimeError(1);
  mlir::func::FuncOp model = modelFunction(compilation.module());
  if (options.isJson) {
    std::string plan;
    llvm::raw_string_ostream out(plan);
    compilation.printPlan(out);
    Json json = Json::parse(plan);
    json["parameters"] = parametersJson(parameters);
    fmt::print("{}\n", jsonText(json));
    return;
  }
  std::vector<Step> steps = stepsOf(compilation.module());
  printSummary(model, parameters, steps);
  if (options.showsParameters)
    printParameters(parameters);
  printSteps(steps);
}

} // namespace

void addInspectCommand(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("inspect", "show a model's graph, parameters, cost and plan");
  auto options = std::make_shared<InspectOptions>();
  options->common.source.addTo(*command);
  command->add_option("--target", options->common.targetName, "machine to plan for")
      ->type_name("NAME")
      ->capture_default_str();
  options->common.addPrintIrAfterTo(*command);
  command->add_flag("--parameters", options->showsParameters, "list the parameters, too");
  command->add_flag("--json", options->isJson, "the plan and the parameters as JSON");
  command->callback([options] { inspect(*options); });
}

} // namespace quern::tools
