// `quern inspect`: what a model consists of and what the compiler makes of it.
#include "codegen/llvm/ModelImage.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "passes/Plan.h"
#include "runtime/DType.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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
  std::string kernel;
  codegen::StepFacts facts;
};

std::vector<Step> stepsOf(mlir::func::FuncOp model) {
  std::vector<Step> steps;
  for (ir::LaunchOp launch : model.getOps<ir::LaunchOp>())
    steps.push_back({launch.getKernel().str(), codegen::describeStep(launch)});
  return steps;
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
  size_t width = 4;
  for (const RequiredParameter &parameter : parameters)
    width = std::max(width, parameter.name.size());
  fmt::print("\n{:<{}}  {:<5}  {:<16}  {:>10}\n", "parameter", width, "type", "shape", "bytes");
  for (const RequiredParameter &parameter : parameters)
    fmt::print("{:<{}}  {:<5}  {:<16}  {:>10}\n", parameter.name, width,
               quern_dtype_name(parameter.dtype), shapeText(parameter.shape),
               parameterBytes(parameter));
}

void printSteps(const std::vector<Step> &steps) {
  fmt::print("\n{:>3}  {:<34}  {:>10}  {:>10}  {:<24}  {}\n", "#", "kernel", "MFLOP", "moved",
             "source", "computes");
  for (size_t i = 0; i < steps.size(); ++i)
    fmt::print("{:>3}  {:<34}  {:>10.2f}  {:>10}  {:<24}  {}\n", i, steps[i].kernel,
               static_cast<double>(steps[i].facts.flops) * 1e-6,
               byteText(static_cast<int64_t>(steps[i].facts.bytes)), steps[i].facts.location,
               steps[i].facts.name);
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
  if (!compilation.plan())
    throw CLI::RuntimeError(1);
  mlir::func::FuncOp model = modelFunction(compilation.module());
  if (options.isJson) {
    std::string plan;
    llvm::raw_string_ostream out(plan);
    compilation.printPlan(out);
    Json json = Json::parse(plan);
    json["parameters"] = parametersJson(parameters);
    fmt::print("{}\n", json.dump(2));
    return;
  }
  std::vector<Step> steps = stepsOf(model);
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
