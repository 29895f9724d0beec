#include "codegen/llvm/ModelImage.h"

#include "ir/IndexedInput.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "ir/SourceLocation.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <fmt/format.h>

#include <cstring>

namespace quern::codegen {
namespace {

using runtime::Section;

/// The version that a produced program names as its maker.
constexpr const char *producer = "quern 0.1";

/// Gathers sections behind the header; every section begins at a multiple of 8 bytes.
class ImageBuilder {
public:
  runtime::ImageHeader header{};

  ImageBuilder() : bytes(sizeof(runtime::ImageHeader)) {}

  runtime::StringRef string(llvm::StringRef text) {
    runtime::StringRef ref{static_cast<uint32_t>(strings.size()),
                           static_cast<uint32_t>(text.size())};
    strings.append(text.begin(), text.end());
    strings.push_back('\0');
    return ref;
  }

  template <typename T> Section section(const std::vector<T> &items) {
    return append(items.data(), items.size() * sizeof(T), items.size());
  }

  std::vector<char> finish() {
    header.strings = append(strings.data(), strings.size(), strings.size());
    std::memcpy(header.magic, runtime::imageMagic, sizeof header.magic);
    header.version = runtime::imageVersion;
    header.headerBytes = sizeof header;
    header.imageBytes = bytes.size();
    std::memcpy(bytes.data(), &header, sizeof header);
    header.identity ^= runtime::hashBytes(bytes.data(), bytes.size());
    std::memcpy(bytes.data(), &header, sizeof header);
    header.checksum = runtime::imageChecksum(bytes.data(), bytes.size());
    std::memcpy(bytes.data(), &header, sizeof header);
    return std::move(bytes);
  }

private:
  Section append(const void *data, size_t size, size_t count) {
    Section section{bytes.size(), count};
    const char *from = static_cast<const char *>(data);
    bytes.insert(bytes.end(), from, from + size);
    bytes.resize(llvm::alignTo(bytes.size(), 8));
    return section;
  }

  std::vector<char> bytes;
  std::string strings;
};

/// Whether the value that the model returns as a result is a softmax already.
bool isProbability(mlir::func::FuncOp model, size_t result) {
  if (model.isDeclaration())
    return false;
  mlir::Value returned = model.front().getTerminator()->getOperand(result);
  auto launch = returned.getDefiningOp<ir::LaunchOp>();
  if (!launch)
    return false;
  auto kernel = mlir::SymbolTable::lookupNearestSymbolFrom<mlir::func::FuncOp>(
      launch, launch.getKernelAttr());
  mlir::Operation *end = kernel.front().getTerminator();
  return llvm::isa_and_nonnull<ir::SoftmaxOp>(end->getOperand(0).getDefiningOp());
}

/// Inputs and outputs of the signature with their adapters.
class SignatureWriter {
public:
  SignatureWriter(ImageBuilder &builder) : builder(builder) {}

  runtime::TensorEntry tensor(mlir::Type type, mlir::DictionaryAttr attributes) {
    auto tensorType = llvm::cast<mlir::RankedTensorType>(type);
    runtime::TensorEntry entry{};
    if (auto name = attributes ? attributes.getAs<mlir::StringAttr>(ir::names::name) : nullptr)
      entry.name = builder.string(name.getValue());
    else
      entry.name = builder.string("");
    entry.dtype = static_cast<uint8_t>(dtypeOf(tensorType.getElementType()));
    entry.rank = static_cast<uint8_t>(tensorType.getRank());
    llvm::copy(tensorType.getShape(), entry.shape);
    return entry;
  }

  void addPhoto(runtime::TensorEntry &entry, ir::PhotoAttr photo) {
    entry.adapter = runtime::AdapterKind::photo;
    entry.adapterIndex = static_cast<uint32_t>(photos.size());
    runtime::PhotoAdapter adapter{};
    adapter.resize = static_cast<uint32_t>(photo.getResize());
    adapter.crop = static_cast<uint32_t>(photo.getCrop());
    for (int channel = 0; channel < 3; ++channel) {
      adapter.mean[channel] = static_cast<float>(photo.getMean()[channel]);
      adapter.std[channel] = static_cast<float>(photo.getStd()[channel]);
    }
    photos.push_back(adapter);
  }

  void addLabels(runtime::TensorEntry &entry, ir::LabelsAttr labels, bool isProbability) {
    entry.adapter = runtime::AdapterKind::labels;
    entry.adapterIndex = static_cast<uint32_t>(labelSets.size());
    labelSets.push_back({names.size(), labels.getNames().size(),
                         static_cast<uint32_t>(labels.getTop()), isProbability});
    for (mlir::Attribute name : labels.getNames())
      names.push_back(builder.string(llvm::cast<mlir::StringAttr>(name).getValue()));
  }

  /// An input whose integers have names: symbols of a text.
  void addText(runtime::TensorEntry &entry, ir::LabelsAttr symbols) {
    entry.adapter = runtime::AdapterKind::text;
    entry.adapterIndex = static_cast<uint32_t>(texts.size());
    texts.push_back({names.size(), symbols.getNames().size()});
    for (mlir::Attribute symbol : symbols.getNames())
      names.push_back(builder.string(llvm::cast<mlir::StringAttr>(symbol).getValue()));
  }

  void finish() {
    builder.header.texts = builder.section(texts);
    builder.header.photos = builder.section(photos);
    builder.header.labelSets = builder.section(labelSets);
    builder.header.labelNames = builder.section(names);
  }

private:
  ImageBuilder &builder;
  std::vector<runtime::PhotoAdapter> photos;
  std::vector<runtime::LabelsAdapter> labelSets;
  std::vector<runtime::TextAdapter> texts;
  std::vector<runtime::StringRef> names;
};

void writeSignature(ImageBuilder &builder, mlir::func::FuncOp model) {
  SignatureWriter writer(builder);
  std::vector<runtime::TensorEntry> inputs, outputs;
  for (auto [index, type] : llvm::enumerate(model.getArgumentTypes())) {
    mlir::DictionaryAttr attributes = model.getArgAttrDict(index);
    if (attributes && attributes.contains(ir::names::weight))
      continue;
    inputs.push_back(writer.tensor(type, attributes));
    if (auto indexes =
            attributes ? attributes.getAs<mlir::IntegerAttr>(ir::names::indexes) : nullptr)
      inputs.back().indexed = static_cast<uint32_t>(indexes.getInt());
    if (auto photo = attributes ? attributes.getAs<ir::PhotoAttr>(ir::names::from) : nullptr)
      writer.addPhoto(inputs.back(), photo);
    if (auto text = attributes ? attributes.getAs<ir::LabelsAttr>(ir::names::from) : nullptr)
      writer.addText(inputs.back(), text);
  }
  for (auto [index, type] : llvm::enumerate(model.getResultTypes())) {
    mlir::DictionaryAttr attributes = model.getResultAttrDict(index);
    outputs.push_back(writer.tensor(type, attributes));
    if (auto labels = attributes ? attributes.getAs<ir::LabelsAttr>(ir::names::as) : nullptr)
      writer.addLabels(outputs.back(), labels, isProbability(model, index));
  }
  builder.header.inputs = builder.section(inputs);
  builder.header.outputs = builder.section(outputs);
  writer.finish();
}

runtime::DistributionKind kindOf(ir::DistributionKind kind) {
  switch (kind) {
  case ir::DistributionKind::categorical:
    return runtime::DistributionKind::categorical;
  case ir::DistributionKind::bernoulli:
    return runtime::DistributionKind::bernoulli;
  case ir::DistributionKind::logistic_mixture:
    return runtime::DistributionKind::logisticMixture;
  case ir::DistributionKind::gaussian_mixture:
    return runtime::DistributionKind::gaussianMixture;
  }
  llvm_unreachable("all kinds are listed");
}

/// The parameters' axis as it lies in a slot of the output, which lacks the ordered axes. Where it
/// is one of those, its neighbours that belong to one position.
void describeDistribution(runtime::SequenceEntry &entry, ir::DistributionAttr distribution,
                          mlir::RankedTensorType output, const ir::Steps &steps) {
  llvm::ArrayRef<int64_t> ordered = steps.outputAxes;
  entry.distribution = kindOf(distribution.getKind());
  entry.components = static_cast<uint32_t>(distribution.getComponents());
  entry.levels = static_cast<uint64_t>(distribution.getLevels());
  entry.parameters = static_cast<uint64_t>(output.getDimSize(distribution.getAxis()));
  for (auto [axis, extent] : llvm::zip_equal(ordered, steps.extents))
    if (axis == distribution.getAxis())
      entry.parameters /= static_cast<uint64_t>(extent);
  entry.parameterStride = 1;
  for (int64_t axis = distribution.getAxis() + 1; axis < output.getRank(); ++axis)
    if (!llvm::is_contained(ordered, axis))
      entry.parameterStride *= static_cast<uint64_t>(output.getDimSize(axis));
  entry.low = distribution.getRange()[0];
  entry.high = distribution.getRange()[1];
}

/// Calls `visit` with each argument of a program that is a weight and a state at once.
void forEachConstantState(
    mlir::func::FuncOp program,
    llvm::function_ref<void(mlir::BlockArgument argument, size_t state)> visit) {
  for (mlir::BlockArgument argument : program.getArguments()) {
    mlir::DictionaryAttr attributes = program.getArgAttrDict(argument.getArgNumber());
    std::optional<ir::Binding> binding = ir::Binding::of(attributes);
    if (binding && attributes.contains(ir::names::weight))
      visit(argument, static_cast<size_t>(binding->state));
  }
}

/// How the step programs work together; nothing for a model without.
void writeSequence(ImageBuilder &builder, llvm::ArrayRef<CompiledFunction> functions,
                   const BufferTable &buffers) {
  mlir::func::FuncOp model = functions.front().function;
  std::vector<runtime::SequenceEntry> sequences;
  std::vector<runtime::StateEntry> states;
  std::vector<runtime::ProgramEntry> programs;
  std::vector<int32_t> inputStates;
  std::vector<uint32_t> places;
  std::optional<ir::Steps> steps = ir::Steps::of(model);
  auto contract = model->getAttrOfType<ir::CausalAttr>(ir::names::causal);
  if (steps && contract) {
    runtime::SequenceEntry entry{};
    entry.axes = static_cast<uint32_t>(steps->extents.size());
    entry.isStrict = contract.getStrict();
    llvm::copy(steps->extents, entry.extents);
    llvm::copy(steps->inputAxes, entry.inputAxes);
    for (int64_t state : steps->inputs)
      inputStates.push_back(static_cast<int32_t>(state));
    entry.input = static_cast<uint32_t>(contract.getInput());
    entry.inputState = static_cast<uint32_t>(inputStates[entry.input]);
    entry.output = static_cast<uint32_t>(contract.getOutput());
    entry.outputState = static_cast<uint32_t>(steps->output);
    entry.lag = static_cast<uint64_t>(steps->lag);
    if (auto distribution =
            model.getResultAttrOfType<ir::DistributionAttr>(entry.output, ir::names::as))
      describeDistribution(entry, distribution,
                           llvm::cast<mlir::RankedTensorType>(model.getResultTypes()[entry.output]),
                           *steps);
    sequences.push_back(entry);
    places.resize(contract.getOrder().size());
    for (auto [place, rank] : llvm::enumerate(contract.getOrder()))
      places[static_cast<size_t>(rank)] = static_cast<uint32_t>(place);
    states = describeStates(model);
    int64_t positions = 1;
    for (int64_t extent : steps->extents)
      positions *= extent;
    for (size_t i = 1; i < functions.size(); ++i) {
      mlir::func::FuncOp function = functions[i].function;
      ir::Step step = ir::Step::of(function);
      auto [first, end] = buffers.range(i);
      runtime::ProgramEntry &row = programs.emplace_back();
      row = {.firstBuffer = first,
             .bufferCount = end - first,
             .level = static_cast<uint32_t>(step.level),
             .isAfter = step.isAfter,
             .lag = static_cast<uint64_t>(step.lag),
             .from = static_cast<uint64_t>(step.from),
             .until = static_cast<uint64_t>(step.until ? step.until : positions),
             .periods = {},
             .phases = {}};
      llvm::fill(row.periods, 1);
      llvm::copy(step.periods, row.periods);
      llvm::copy(step.phases, row.phases);
      forEachConstantState(function, [&](mlir::BlockArgument argument, size_t state) {
        states[state].weightsOffset = buffers.weightOffset(argument);
      });
    }
  }
  builder.header.sequences = builder.section(sequences);
  builder.header.states = builder.section(states);
  builder.header.programs = builder.section(programs);
  builder.header.inputStates = builder.section(inputStates);
  builder.header.places = builder.section(places);
}

} // namespace

std::vector<runtime::StateEntry> describeStates(mlir::func::FuncOp model) {
  std::vector<runtime::StateEntry> states;
  std::optional<ir::Steps> steps = ir::Steps::of(model);
  if (!steps)
    return states;
  for (const ir::StepState &state : steps->states) {
    runtime::StateEntry &row = states.emplace_back();
    row = {.slotBytes = static_cast<uint64_t>(state.bytes),
           .before = static_cast<uint64_t>(state.before),
           .after = static_cast<uint64_t>(state.after),
           .room = static_cast<uint64_t>(state.room),
           .strides = {},
           .rates = {},
           .isConstant = 0,
           .weightsOffset = 0};
    llvm::copy(state.strides, row.strides);
    llvm::fill(row.rates, 1);
    llvm::copy(state.rates, row.rates);
  }
  for (auto step : model->getParentOfType<mlir::ModuleOp>().getOps<mlir::ModuleOp>())
    for (auto program : step.getOps<mlir::func::FuncOp>())
      forEachConstantState(
          program, [&](mlir::BlockArgument, size_t state) { states[state].isConstant = 1; });
  return states;
}

StepFacts describeStep(ir::LaunchOp launch) {
  auto kernel = mlir::SymbolTable::lookupNearestSymbolFrom<mlir::func::FuncOp>(
      launch, launch.getKernelAttr());
  StepFacts facts;
  facts.label = ir::labelText(launch.getLoc());
  facts.location = ir::locationText(launch.getLoc());
  llvm::SmallVector<std::string> ops;
  kernel.walk([&](ir::CostInterface op) {
    facts.flops += op.flops();
    if (op.flops() > 0)
      ops.push_back(op->getName().stripDialect().str());
  });
  for (mlir::Value value : llvm::concat<mlir::Value>(launch.getInputs(), launch.getOutputs()))
    facts.bytes += ir::tensorBytes(ir::tensorType(value));
  if (ops.empty())
    ops.push_back("move");
  llvm::ArrayRef<int64_t> shape = ir::tensorType(launch.getOutputs().front()).getShape();
  facts.name = fmt::format("{} {}", llvm::join(ops, " + "), ir::shapeText(shape));
  return facts;
}

/// "layer1.0.conv1 (net.qn:12:5)": without the folders, which differ where the model runs.
static std::string placeText(const StepFacts &step) {
  std::string place = llvm::sys::path::filename(step.location).str();
  if (step.label.empty() || place.empty())
    return step.label + place;
  return fmt::format("{} ({})", step.label, place);
}

/// Why a model has no step programs; "" where it has.
static std::string steplessText(mlir::func::FuncOp model, const ImageFacts &facts) {
  if (ir::Steps::of(model))
    return "";
  if (!model->hasAttr(ir::names::causal))
    return "its model is not `causal over` an axis";
  if (auto reason = model->getAttrOfType<mlir::StringAttr>(ir::names::stepless))
    return reason.str();
  return facts.device == runtime::DeviceKind::none ? "it was compiled with --steps never"
                                                   : "a device has none";
}

std::vector<char> buildImage(llvm::ArrayRef<CompiledFunction> functions, const BufferTable &buffers,
                             const ImageFacts &facts) {
  mlir::func::FuncOp model = functions.front().function;
  ImageBuilder builder;
  runtime::ImageHeader &header = builder.header;
  header.name = builder.string(model.getSymName());
  header.target = builder.string(facts.targetName);
  header.producer = builder.string(producer);
  header.weightsFile = builder.string(facts.weightsFile);
  header.stepless = builder.string(steplessText(model, facts));
  header.arch = facts.arch;
  header.device = facts.device;
  header.cpuFeatures = facts.cpuFeatures;
  for (const CompiledFunction &compiled : functions)
    header.arenaBytes = std::max(header.arenaBytes, compiled.arenaBytes());
  header.threadScratchBytes = facts.threadScratchBytes;
  header.serialScratchBytes = facts.serialScratchBytes;
  header.weightsBytes = buffers.weightsBytes();
  header.identity = facts.weightsHash;
  writeSignature(builder, model);
  header.buffers = builder.section(buffers.entries().vec());

  std::vector<runtime::StepEntry> steps;
  for (CompiledFunction compiled : functions)
    for (ir::LaunchOp launch : compiled.function.getOps<ir::LaunchOp>()) {
      StepFacts step = describeStep(launch);
      steps.push_back({builder.string(step.name),
                       builder.string(compiled.kernelSymbols.lookup(launch.getKernel())),
                       builder.string(placeText(step)), step.flops, step.bytes});
    }
  header.steps = builder.section(steps);
  writeSequence(builder, functions, buffers);
  return builder.finish();
}

uint64_t imageIdentity(llvm::ArrayRef<char> image) {
  runtime::ImageHeader header;
  std::memcpy(&header, image.data(), sizeof header);
  return header.identity;
}

} // namespace quern::codegen
