// `quern conv`: every way to compute a convolution, measured and compared.
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/Progress.h"
#include "tools/quern/conv/ConvArguments.h"
#include "tools/quern/conv/ConvReport.h"
#include "tools/quern/conv/Sweeps.h"
#include "tools/quern/conv/TuningCache.h"

#include <fmt/format.h>

#include <memory>

namespace quern::tools {
namespace {

struct Options {
  ConvArguments one;
  CompilationOptions model;
  std::string modelPath, sweep;
  std::vector<std::string> algorithms;
  std::string dtype = "f32";
  int64_t batch = 1;
  double maxError = 1e-3, seconds = 0.25;
  unsigned threads = 1;
  bool isJson = false, isFresh = false, isQuiet = false;
};

[[noreturn]] void fail(const std::string &message, int code) {
  fmt::print(stderr, "error: {}\n", message);
  throw CLI::RuntimeError(code);
}

/// The distinct convolutions of a model, in its order, with how often each occurs.
std::vector<ConvLayer> modelLayers(const Options &options) {
  CompilationOptions compile = options.model;
  compile.source.path = options.modelPath;
  compile.conv.choice = "direct";
  Compilation compilation(compile);
  if (!compilation.load() || (!compile.weightsFile.empty() && !compilation.bindWeights()) ||
      !compilation.plan())
    throw CLI::RuntimeError(1);
  std::vector<ConvLayer> layers;
  for (const passes::ConvDecision &decision : compilation.convolutions()) {
    auto known = llvm::find_if(
        layers, [&](const ConvLayer &layer) { return layer.shape == decision.shape; });
    if (known != layers.end())
      ++known->count;
    else
      layers.push_back({.label = decision.label, .shape = decision.shape});
  }
  if (layers.empty())
    fail(fmt::format("{} has no convolution", options.modelPath), 1);
  return layers;
}

std::vector<ConvLayer> wantedLayers(const Options &options) {
  if (!options.modelPath.empty())
    return modelLayers(options);
  if (!options.sweep.empty()) {
    std::vector<ConvLayer> layers = sweepLayers(options.sweep, options.batch);
    if (layers.empty())
      fail(fmt::format("no sweep '{}'; there is vgg", options.sweep), 2);
    return layers;
  }
  std::string why;
  std::vector<ConvLayer> layers;
  for (const passes::ConvShape &shape : options.one.shapes(why))
    layers.push_back({.label = "", .shape = shape});
  if (layers.empty())
    fail(why, 2);
  return layers;
}

/// The record that `measure` would choose: the fastest within the budget, or the most accurate.
void choose(ConvLayer &layer, double maxError) {
  auto better = [&](const ConvRecord &a, const ConvRecord &b) {
    bool fitsA = a.maxError <= maxError, fitsB = b.maxError <= maxError;
    if (fitsA != fitsB)
      return fitsA;
    return fitsA ? a.msMedian < b.msMedian : a.maxError < b.maxError;
  };
  for (size_t index = 0; index < layer.records.size(); ++index) {
    const ConvRecord &record = layer.records[index];
    if (record.refusal.empty() && (!layer.chosen || better(record, layer.records[*layer.chosen])))
      layer.chosen = index;
  }
  if (layer.chosen)
    layer.reason = layer.records[*layer.chosen].maxError <= maxError
                       ? "fastest within the error budget"
                       : "the least error: none is within the budget";
}

void compare(const Options &options) {
  if (options.dtype != "f32")
    fail(fmt::format("--dtype {} is not measured; f32 is", options.dtype), 2);
  std::string why;
  mlir::FailureOr<codegen::Target> target = codegen::parseTarget("host", why);
  if (mlir::failed(target))
    fail(why, 1);
  LabOptions lab{
      .threads = options.threads, .secondsEach = options.seconds, .isFresh = options.isFresh};
  for (const std::string &name : options.algorithms) {
    auto variant = parseVariant(name);
    if (!variant)
      fail(fmt::format("no algorithm '{}'", name), 2);
    lab.variants.push_back(*variant);
  }
  std::vector<ConvLayer> layers = wantedLayers(options);
  ConvLab measurer(*target, lab);
  ConvSetting setting{.processor = processorName(),
                      .target = target->halide,
                      .threads = options.threads,
                      .peakGflops = measurer.peak(),
                      .maxError = options.maxError};
  Progress progress(options.isQuiet);
  for (size_t i = 0; i < layers.size(); ++i) {
    progress.show(layers[i].shape.text(), static_cast<int>(i), static_cast<int>(layers.size()));
    layers[i].records = measurer.measure(layers[i].shape);
    choose(layers[i], options.maxError);
  }
  progress.clear();
  if (options.isJson)
    fmt::print("{}\n", reportJson(setting, layers).dump(2));
  else
    fmt::print("{}", tableText(setting, layers));
  if (!options.sweep.empty() && !options.isJson)
    fmt::print("{}", claimsText(setting, layers, measurer));
}

} // namespace

void addConvCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand(
      "conv", "measure every way to compute a convolution: time, memory and error");
  auto options = std::make_shared<Options>();
  auto *input = command->add_option("--input", options->one.input, "NxCxHxW; {1..9} makes a range");
  auto *filter = command->add_option("--filter", options->one.filter,
                                     "OxIxKxK; a missing extent repeats the last");
  input->type_name("SHAPE")->needs(filter);
  filter->type_name("SHAPE")->needs(input);
  command->add_option("--stride", options->one.stride, "S or SxS")->capture_default_str();
  command->add_option("--pad", options->one.pad, "P, PxP or same")->capture_default_str();
  command->add_option("--dilation", options->one.dilation, "D or DxD")->capture_default_str();
  command->add_option("--groups", options->one.groups, "groups of channels")->capture_default_str();
  command->add_option("--dtype", options->dtype, "element type")->capture_default_str();
  auto *model =
      command->add_option("--model", options->modelPath, "every convolution of this model instead");
  model->type_name("MODEL.qn")->excludes(input);
  command->add_option("--set", options->model.source.settings, "a size of the model, as in N=8")
      ->type_name("NAME=VALUE")
      ->needs(model);
  auto *sweep = command->add_option("--sweep", options->sweep,
                                    "a known table instead: vgg (Lavin and Gray's)");
  sweep->type_name("NAME")->excludes(input)->excludes(model);
  command->add_option("--batch", options->batch, "images of a sweep")
      ->check(CLI::Range(1, 1024))
      ->needs(sweep)
      ->capture_default_str();
  command
      ->add_option("--algorithm", options->algorithms,
                   "only this one, as in winograd or winograd:4x4; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--threads", options->threads, "threads to run on")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--max-error", options->maxError, "the budget that the choice keeps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "time to measure each algorithm for")
      ->check(CLI::Range(0.001, 60.0))
      ->capture_default_str();
  command->add_flag("--json", options->isJson, "print JSON");
  command->add_flag("--fresh", options->isFresh, "measure anew what was measured before");
  command->add_flag("-q,--quiet", options->isQuiet, "no progress");
  command->callback([=] {
    if (options->one.input.empty() && options->modelPath.empty() && options->sweep.empty())
      throw CLI::RequiredError("--input with --filter, --model or --sweep");
    compare(*options);
  });
}

} // namespace quern::tools
