// `quern conv`: every way to compute a convolution, measured and compared.
#include "codegen/OutputFile.h"
#include "runtime/formats/File.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/JsonText.h"
#include "tools/quern/Progress.h"
#include "tools/quern/conv/ConvArguments.h"
#include "tools/quern/conv/ConvChoice.h"
#include "tools/quern/conv/ConvTable.h"
#include "tools/quern/conv/InterruptNotice.h"
#include "tools/quern/conv/KernelWorkspaces.h"
#include "tools/quern/conv/Sweeps.h"
#include "tools/quern/conv/TuningCache.h"
#include "tools/quern/conv/page/Page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace quern::tools {
namespace {

struct Options {
  ConvArguments one;
  CompilationOptions model;
  ConvOptions budgets;
  std::string modelPath, sweep, htmlPath;
  std::vector<std::string> algorithms;
  int64_t batch = 1;
  double seconds = 0.25;
  unsigned threads = 1;
  bool isJson = false, isFresh = false, isQuiet = false, isEstimate = false;
};

[[noreturn]] void fail(const std::string &message, int code) {
  fmt::print(stderr, "error: {}\n", message);
  throw CLI::RuntimeError(code);
}

/// Whether two convolutions are of one shape, and the same algorithms serve the weights of both.
bool areAlike(const passes::ConvDecision &a, const passes::ConvDecision &b) {
  return a.shape == b.shape &&
         llvm::equal(a.candidates, b.candidates,
                     [](const passes::ConvCandidate &x, const passes::ConvCandidate &y) {
                       return x.algorithm == y.algorithm && x.tile == y.tile &&
                              x.refusal.empty() == y.refusal.empty();
                     });
}

/// The distinct convolutions of a model, in its order, with how often each occurs.
std::vector<ConvLayer> modelLayers(const Options &options) {
  CompilationOptions compile = options.model;
  compile.source.path = options.modelPath;
  compile.conv.choice = "direct";
  compile.keepsConvWeights = true;
  Compilation compilation(compile);
  if (!compilation.load() || (!compile.weightsFile.empty() && !compilation.bindWeights()) ||
      !compilation.plan())
    throw CLI::RuntimeError(1);
  if (runtime::Status spared =
          runtime::checkSpared(options.htmlPath, compilation.filesRead(), "the page");
      !spared)
    fail(spared.error(), 1);
  std::vector<ConvLayer> layers;
  std::vector<const passes::ConvDecision *> distinct;
  for (const passes::ConvDecision &decision : compilation.convolutions()) {
    auto known = llvm::find_if(
        distinct, [&](const passes::ConvDecision *other) { return areAlike(*other, decision); });
    auto index = static_cast<size_t>(known - distinct.begin());
    if (known != distinct.end()) {
      ++layers[index].count;
    } else {
      distinct.push_back(&decision);
      layers.push_back({.label = decision.label, .shape = decision.shape});
    }
    if (!decision.weights.empty())
      layers[index].occurrences.push_back({decision.weights, decision.observed});
  }
  if (layers.empty())
    fail(fmt::format("{} has no convolution", options.modelPath), 1);
  return layers;
}

bool fit(const std::vector<ConvLayer> &layers, std::string &why) {
  return llvm::all_of(layers, [&](const ConvLayer &layer) { return fitsMemory(layer.shape, why); });
}

/// Of the sweep that was asked for, on this machine.
int64_t largestBatch(const Options &options) {
  int64_t batch = options.batch;
  for (std::string why; batch > 1; --batch)
    if (fit(sweepLayers(options.sweep, batch, options.one.element), why))
      break;
  return batch;
}

std::vector<ConvLayer> wantedLayers(const Options &options) {
  if (!options.modelPath.empty())
    return modelLayers(options);
  std::string why;
  if (!options.sweep.empty()) {
    std::vector<ConvLayer> layers = sweepLayers(options.sweep, options.batch, options.one.element);
    if (layers.empty())
      fail(fmt::format("no sweep '{}'; there is vgg", options.sweep), 2);
    if (!fit(layers, why))
      fail(fmt::format("{}; --batch {} is the most that fits", why, largestBatch(options)), 2);
    return layers;
  }
  std::vector<ConvLayer> layers;
  for (const passes::ConvShape &shape : options.one.shapes(why))
    layers.push_back({.label = "", .shape = shape});
  if (layers.empty())
    fail(why, 2);
  return layers;
}

LabOptions labOptions(const Options &options) {
  LabOptions lab{
      .threads = options.threads, .secondsEach = options.seconds, .isFresh = options.isFresh};
  for (const std::string &name : options.algorithms)
    lab.variants.push_back(*parseVariant(name));
  return lab;
}

/// What is asked for and cannot be, found before minutes are spent on measuring.
void checkEarly(const Options &options) {
  if (options.htmlPath.empty())
    return;
  if (options.htmlPath == "-")
    fail("--html - would mix the page with the tables on the standard output: name a file", 2);
  if (runtime::Status writable = runtime::checkWritable(options.htmlPath); !writable)
    fail(writable.error(), 1);
}

constexpr const char *nextRun = "an interrupted run";

/// Whether what is measured can be kept; says so where it cannot.
bool canKeep() {
  std::string folder = cacheFolder();
  if (!folder.empty() && runtime::checkWritable(folder + "/tuning.json"))
    return true;
  noteNotKept("the cache's folder cannot be written", nextRun);
  return false;
}

/// What an interrupt leaves when so many convolutions are measured and kept.
std::string interruptedText(size_t done, size_t all, const Options &options) {
  if (done == 0)
    return "interrupted before a convolution was measured and kept";
  return fmt::format("interrupted: {} of {} convolutions {} measured and kept; {} goes on from "
                     "there",
                     done, all, done == 1 ? "is" : "are",
                     options.isFresh ? "without --fresh, the same command" : "the same command");
}

/// Fails for variants that were asked for and that no layer has; tells of such as some have not.
void checkVariants(const LabOptions &options, const std::vector<ConvLayer> &layers,
                   const ConvLab &lab) {
  for (const auto &[algorithm, tile] : options.variants) {
    std::vector<const ConvLayer *> without;
    for (const ConvLayer &layer : layers)
      if (llvm::none_of(lab.list(layer.shape, layer.occurrences), [&](const ConvRecord &record) {
            return isVariant(record, algorithm, tile);
          }))
        without.push_back(&layer);
    if (without.empty())
      continue;
    std::string why = fmt::format("{}: {}", without.front()->name(),
                                  passes::notOffered(without.front()->shape, algorithm, tile));
    if (layers.size() == 1)
      fail(why, 2);
    std::string variant = passes::variantText(algorithm, tile);
    if (without.size() == layers.size())
      fail(fmt::format("none of these convolutions can be computed by {}. {}", variant, why), 2);
    fmt::print(stderr, "warning: {} of {} convolutions cannot be computed by {}. {}\n",
               without.size(), layers.size(), variant, why);
  }
}

/// Measures one layer, or lists what could be, and chooses.
void examine(ConvLayer &layer, const Options &options, const ConvSetting &setting,
             const passes::ConvPolicy &policy, ConvLab &lab) {
  layer.records = options.isEstimate ? lab.list(layer.shape, layer.occurrences)
                                     : lab.measure(layer.shape, layer.occurrences);
  bool isMeasured = llvm::any_of(layer.records, [](const ConvRecord &r) { return r.isMeasured(); });
  for (const ConvRecord &record : layer.records)
    if (!isMeasured && record.hasFailed)
      fail(fmt::format("cannot compile {}: {}", layer.shape.text(), record.refusal), 1);
  ConvSetting own = setting; // layers of a model may be of several types
  own.budgets.maxError = policy.errorBudget(layer.shape);
  chooseMeasured(layer, own);
  chooseAutomatic(layer, policy);
}

void writePage(const Options &options, const ConvSetting &setting,
               const std::vector<ConvLayer> &layers, const std::vector<Claim> &claims) {
  std::string page = pageHtml(setting, layers, claims);
  if (llvm::Error error =
          codegen::writeOutput(options.htmlPath, {llvm::ArrayRef(page.data(), page.size())}))
    fail(llvm::toString(std::move(error)), 1);
}

/// What errors are measured on.
std::string numbersText(const Options &options) {
  const std::string &file = options.model.weightsFile;
  const std::vector<std::string> &inputs = options.model.calibration;
  if (!options.modelPath.empty() && file.empty())
    return "made-up weights; --weights FILE measures them on the model's own";
  std::string text = options.modelPath.empty() || file == randomWeights
                         ? "made-up weights"
                         : fmt::format("the weights of {}", file);
  return inputs.empty() ? text
                        : text + fmt::format(", on what the convolutions read for {}",
                                             fmt::join(inputs, ", "));
}

void compare(const Options &options) {
  InterruptNotice interrupt;
  checkEarly(options);
  std::string why;
  mlir::FailureOr<codegen::Target> target = codegen::parseTarget("host", why);
  if (mlir::failed(target))
    fail(why, 1);
  Progress progress(options.isQuiet);
  std::string doing;
  LabOptions forLab = labOptions(options);
  forLab.progress = [&](const std::string &what, size_t done, size_t total) {
    progress.show(doing + ": " + what, static_cast<int>(done), static_cast<int>(total));
  };
  ConvLab lab(*target, forLab);
  std::vector<ConvLayer> layers = wantedLayers(options);
  checkVariants(forLab, layers, lab);
  passes::ConvPolicy policy = options.budgets.policy(*target, options.threads);
  policy.mode = passes::ConvMode::automatic;
  KernelWorkspaces workspaces(*target, options.threads);
  policy.workspace = [&](const passes::ConvShape &shape, const passes::ConvCandidate &candidate) {
    return workspaces.of({shape, candidate.algorithm, candidate.tile});
  };
  const passes::ConvShape &first = layers.front().shape;
  ConvSetting setting{.processor = processorName(),
                      .target = target->halide,
                      .threads = options.threads,
                      .element = first.element,
                      .peakGflops = lab.peak(first.element),
                      .weights = numbersText(options),
                      .isEstimate = options.isEstimate,
                      .budgets = {policy.errorBudget(first), policy.maxWorkspace}};
  bool isKept = !options.isEstimate && canKeep();
  auto noteDone = [&](size_t done) {
    if (isKept)
      interrupt.say(interruptedText(done, layers.size(), options));
  };
  // Tables come as they are measured: a model may take minutes.
  auto print = [&](const std::string &text) {
    if (!options.isJson)
      fmt::print("{}", text);
    std::fflush(stdout);
  };
  print(settingText(setting));
  for (size_t i = 0; i < layers.size(); ++i) {
    noteDone(i);
    doing = fmt::format("{} ({} of {})", layers[i].name(), i + 1, layers.size());
    progress.show(doing);
    examine(layers[i], options, setting, policy, lab);
    progress.clear();
    if (isKept && !lab.keepFailure().empty()) {
      isKept = false; // what an interrupt would say stays as it is
      noteNotKept(lab.keepFailure(), nextRun);
    }
    print(tableText(layers[i]));
  }
  noteDone(layers.size());
  if (layers.size() > 1 && !options.isEstimate)
    print(summaryText(setting, layers));
  std::vector<Claim> claims;
  if (!options.sweep.empty() && !options.isEstimate) {
    doing = "what is said of fast convolutions";
    claims = measureClaims(setting, layers, lab);
    progress.clear();
    print(claimsText(claims));
  }
  print(legendText(options.isEstimate));
  if (options.isJson) {
    Json json = toJson(setting, layers);
    if (!claims.empty())
      json["claims"] = toJson(claims);
    fmt::print("{}\n", jsonText(json));
  }
  if (!options.htmlPath.empty())
    writePage(options, setting, layers, claims);
}

/// CLI::Range lets NaN pass.
std::string checkSeconds(const std::string &text) {
  double seconds = 0;
  bool isTime = CLI::detail::lexical_cast(text, seconds) && seconds >= 0.001 && seconds <= 60;
  return isTime ? "" : fmt::format("'{}' is no time from 0.001 to 60 seconds", text);
}

std::string checkElement(const std::string &name) {
  if (passes::parseConvElement(name))
    return "";
  return fmt::format("'{}' is no element type of convolutions; there are {}", name,
                     passes::convElementNames());
}

} // namespace

void addConvCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand(
      "conv", "measure every way to compute a convolution: time, memory and error");
  auto options = std::make_shared<Options>();
  auto *input = command->add_option("--input", options->one.inputs,
                                    "NxCxHxW; {1..9}, {1..9..2} and {1,3,5} make several");
  auto *filter =
      command->add_option("--filter", options->one.filters,
                          "OxIxKxK; a missing extent repeats the last; O and I may be C, the "
                          "input's channels");
  input->type_name("SHAPE")->needs(filter);
  filter->type_name("SHAPE")->needs(input);
  // Models and sweeps have strides, paddings, dilations and groups of their own.
  auto addToOne = [&](const char *name, auto &value, const char *help, const char *type) {
    command->add_option(name, value, help)->needs(input)->type_name(type)->capture_default_str();
  };
  addToOne("--stride", options->one.stride, "S or SxS", "S");
  addToOne("--pad", options->one.pad,
           "same, causal, P or PxP; each P may be L:H, before and behind the input", "P");
  addToOne("--dilation", options->one.dilation, "D or DxD", "D");
  addToOne("--groups", options->one.groups, "groups of channels", "G");
  auto *dtype = command->add_option_function<std::string>(
      "--dtype",
      [=](const std::string &name) { options->one.element = *passes::parseConvElement(name); },
      "element type: " + passes::convElementNames() + "; f32 unless given");
  dtype->type_name("TYPE")->check(CLI::Validator(checkElement, "", "element"));
  auto *model =
      command->add_option("--model", options->modelPath, "every convolution of this model instead");
  model->type_name("MODEL.qn")->excludes(input)->excludes(dtype);
  command->add_option("--set", options->model.source.settings, "a size of the model, as in N=8")
      ->type_name("NAME=VALUE")
      ->needs(model);
  command
      ->add_option("--weights", options->model.weightsFile,
                   "the model's weights, on which errors are measured and separable filters are "
                   "seen: safetensors, .npz or a torch checkpoint; 'random' for made-up ones")
      ->type_name("FILE")
      ->needs(model);
  command
      ->add_option("--calibrate", options->model.calibration,
                   "inputs of the model, as its program takes them: errors are measured on what "
                   "the convolutions read for them; otherwise on random numbers")
      ->type_name("FILE")
      ->needs("--weights");
  auto *sweep = command->add_option("--sweep", options->sweep,
                                    "a known table instead: vgg (Lavin and Gray's)");
  sweep->type_name("NAME")->excludes(input)->excludes(model);
  command->add_option("--batch", options->batch, "images of a sweep")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""))
      ->needs(sweep)
      ->capture_default_str();
  command
      ->add_option("--algorithm", options->algorithms,
                   "only this one, as in winograd or winograd:4x4; may be repeated")
      ->type_name("NAME")
      ->check(CLI::Validator(checkVariant, "", "algorithm"))
      ->allow_extra_args(false);
  command->add_option("--threads", options->threads, "threads to run on")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""))
      ->capture_default_str();
  options->budgets.addBudgetsTo(*command, "on --threads");
  command->add_option("--seconds", options->seconds, "time to measure each algorithm for, at most")
      ->type_name("S")
      ->check(CLI::Validator(checkSeconds, "", "seconds"))
      ->capture_default_str();
  command->add_flag("--json", options->isJson, "print JSON");
  auto *estimate =
      command->add_flag("--estimate", options->isEstimate,
                        "measure nothing: say what the cost model takes the times to be");
  command->add_option("--html", options->htmlPath, "write a page with plots of what was measured")
      ->type_name("FILE")
      ->excludes(estimate);
  command->add_flag("--fresh", options->isFresh, "measure anew what was measured before");
  command->add_flag("-q,--quiet", options->isQuiet, "no progress");
  command->callback([=] {
    if (options->one.inputs.empty() && options->modelPath.empty() && options->sweep.empty())
      throw CLI::RequiredError("--input with --filter, --model or --sweep");
    compare(*options);
  });
}

} // namespace quern::tools
