#include "tests/steps/StepModel.h"

#include "codegen/Build.h"
#include "codegen/Symbols.h"
#include "codegen/llvm/ModelImage.h"
#include "frontend/Frontend.h"
#include "ir/HostTensor.h"
#include "ir/Layout.h"
#include "ir/StepAttributes.h"
#include "passes/Pipeline.h"
#include "runtime/SequenceState.h"

#include "mlir/Parser/Parser.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace quern::tests {
namespace {

/// Weights of a size that keeps values around 1 through the layers.
mlir::FailureOr<ir::HostTensor> randomParameter(ir::ParameterOp parameter) {
  ir::HostTensor tensor =
      ir::HostTensor::allocate(llvm::cast<mlir::RankedTensorType>(parameter.getResult().getType()));
  llvm::ArrayRef<int64_t> shape = tensor.type().getShape();
  double fan = 1;
  for (int64_t extent : shape.drop_front())
    fan *= static_cast<double>(extent);
  std::mt19937 random(static_cast<uint32_t>(std::hash<std::string>()(parameter.getKey().str())));
  std::normal_distribution<double> normal(0, 1 / std::sqrt(fan));
  std::vector<double> values(static_cast<size_t>(tensor.type().getNumElements()));
  for (double &value : values)
    value = normal(random);
  tensor.storeRow(0, values);
  return tensor;
}

/// Copies the slices of a tensor at each position of `axes` one after the other, in the order of
/// generation: `ranks`, unless empty. A position has all elements of the axes without order, and
/// along ordered ones as many as there are for each of `positions`.
Tensor byPosition(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> axes,
                  llvm::ArrayRef<int64_t> positions, llvm::ArrayRef<int64_t> ranks,
                  const Tensor &tensor) {
  auto element = static_cast<size_t>(ir::elementBytes(type.getElementType()));
  llvm::SmallVector<int64_t> each(type.getShape()), steps, extents;
  llvm::SmallVector<int64_t> strides = ir::rowMajorStrides(type.getShape());
  for (auto [axis, count] : llvm::zip_equal(axes, positions)) {
    int64_t &own = each[static_cast<size_t>(axis)];
    own /= count;
    extents.push_back(count);
    steps.push_back(own * strides[static_cast<size_t>(axis)]);
  }
  llvm::append_range(extents, each);
  llvm::append_range(steps, strides);
  Tensor result;
  ir::forEachIndex(extents, [&](llvm::ArrayRef<int64_t> index) {
    int64_t at = 0;
    for (auto [coordinate, step] : llvm::zip_equal(index, steps))
      at += coordinate * step;
    auto from = tensor.begin() + at * static_cast<int64_t>(element);
    result.insert(result.end(), from, from + static_cast<int64_t>(element));
  });
  Tensor sorted = result;
  size_t slot = ranks.empty() ? 0 : result.size() / ranks.size();
  for (auto [place, rank] : llvm::enumerate(ranks))
    std::memcpy(sorted.data() + static_cast<size_t>(rank) * slot, result.data() + place * slot,
                slot);
  return sorted;
}

/// Elements that a module's model computes: results of ops that do arithmetic, as the passes left
/// them in kernels.
double elementsComputed(mlir::ModuleOp module) {
  double count = 0;
  for (auto kernel : module.getOps<mlir::func::FuncOp>()) {
    if (!kernel->hasAttr(ir::names::model))
      continue;
    for (auto launch : kernel.getOps<ir::LaunchOp>()) {
      auto function = module.lookupSymbol<mlir::func::FuncOp>(launch.getKernel());
      function.walk([&](ir::CostInterface op) {
        if (op.flops() > 0)
          count += static_cast<double>(
              llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getNumElements());
      });
    }
  }
  return count;
}

mlir::OwningOpRef<mlir::ModuleOp> parse(const StepSource &source, mlir::MLIRContext &context) {
  if (source.path.ends_with(".mlir"))
    return mlir::parseSourceFile<mlir::ModuleOp>(source.path, mlir::ParserConfig(&context));
  frontend::Options options;
  options.library = QUERN_SOURCE_DIR "/frontend/library";
  options.settings = source.settings;
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  auto module = frontend::compile(source.path, options, context, stream);
  EXPECT_TRUE(module) << messages;
  return module;
}

/// By how many elements steps differ from the full pass: an attribute of the model, or a comment in
/// the language.
double furtherElements(mlir::func::FuncOp model, const StepSource &source) {
  constexpr llvm::StringLiteral name = "test.further_elements";
  if (auto further = model->getAttrOfType<mlir::IntegerAttr>(name))
    return static_cast<double>(further.getInt());
  std::ifstream file(source.path);
  for (std::string line; std::getline(file, line);)
    if (llvm::StringRef said = line; said.consume_front("// " + name.str() + " = "))
      return std::stod(said.str());
  return 0;
}

/// As `quern causal` finds it.
uint64_t bytesOfSequence(mlir::ModuleOp module, const std::string &model) {
  mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
  mlir::PassManager pm(module.getContext());
  passes::buildSimplify(pm);
  passes::buildStates(pm);
  EXPECT_TRUE(mlir::succeeded(pm.run(*copy)));
  return runtime::savedBytes(
      codegen::describeStates(copy->lookupSymbol<mlir::func::FuncOp>(model)));
}

} // namespace

void PrintTo(const StepSource &source, std::ostream *out) { *out << source.name; }

std::vector<StepSource> goldenModels() {
  std::vector<StepSource> sources;
  std::ifstream file(QUERN_SOURCE_DIR "/tests/models/goldens/causal/models.json");
  for (const auto &entry : nlohmann::json::parse(file)) {
    std::string model = entry["model"];
    StepSource &source = sources.emplace_back();
    source = {entry["name"], fmt::format("{}/models/{}.qn", QUERN_SOURCE_DIR, model)};
    source.settings.emplace_back("N", entry["inputs"][0]["shape"][0].dump());
    for (const auto &[name, value] : entry["settings"].items())
      source.settings.emplace_back(name,
                                   value.is_string() ? value.get<std::string>() : value.dump());
  }
  return sources;
}

StepModel::StepModel(const StepSource &source) {
  folder = (std::filesystem::temp_directory_path() / "quern-steps-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr || !compile(source))
    ADD_FAILURE() << "cannot make the model " << source.name;
}

namespace {

StepSource sourceOf(const std::string &name) {
  std::string path = fmt::format("{}/tests/steps/models/{}", QUERN_SOURCE_DIR, name);
  return {name, path + (std::filesystem::exists(path + ".qn") ? ".qn" : ".mlir")};
}

} // namespace

StepModel::StepModel(const std::string &name) : StepModel(sourceOf(name)) {}

StepModel::~StepModel() {
  if (library)
    dlclose(library);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

bool StepModel::compile(const StepSource &source) {
  mlirContext = std::make_unique<mlir::MLIRContext>();
  mlirContext->loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(source, *mlirContext);
  if (!module)
    return false;
  auto written = *module->getOps<mlir::func::FuncOp>().begin();
  std::string name = written.getSymName().str();
  type = written.getFunctionType();
  contract = written->getAttrOfType<ir::CausalAttr>(ir::names::causal);
  distribution = written.getResultAttrOfType<ir::DistributionAttr>(0, ir::names::as);

  counted.further = furtherElements(written, source);
  told = bytesOfSequence(*module, name);
  passes::PipelineOptions pipeline;
  pipeline.steps = passes::StepsMode::required;
  if (mlir::failed(passes::runPipeline(*module, pipeline)))
    return false;
  counted.full = elementsComputed(*module);
  auto model = module->lookupSymbol<mlir::func::FuncOp>(name);
  steps = *ir::Steps::of(model);
  for (auto step : module->getOps<mlir::ModuleOp>()) {
    auto function = *step.getOps<mlir::func::FuncOp>().begin();
    for (auto candidate : step.getOps<mlir::func::FuncOp>())
      if (candidate->hasAttr(ir::names::model))
        function = candidate;
    double runs = 1;
    ir::Step run = ir::Step::of(function);
    for (auto [extent, period, phase] : llvm::zip(steps.extents, run.periods, run.phases))
      runs *= static_cast<double>((extent - phase + period - 1) / period);
    if (run.until > 0)
      runs = static_cast<double>(run.until - run.from);
    counted.steps += runs * elementsComputed(step);
  }
  std::string error;
  auto target = codegen::parseTarget("host", error);
  codegen::BuildOptions build;
  build.emit = codegen::EmitKind::shared;
  build.output = folder + "/model.so";
  build.cacheFolder = QUERN_BINARY_DIR "/test-cache";
  build.libraryFolder = QUERN_BINARY_DIR "/lib/quern";
  build.includeFolder = QUERN_BINARY_DIR "/include";
  build.load = randomParameter;
  return mlir::succeeded(codegen::build(*module, *target, build)) && load(name);
}

bool StepModel::load(const std::string &symbol) {
  library = dlopen((folder + "/model.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    ADD_FAILURE() << dlerror();
    return false;
  }
  bool isWhole = true;
  auto find = [&](auto &function, const char *symbol) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(library, symbol));
    isWhole = isWhole && function;
  };
  const quern_model *(*accessor)() = nullptr;
  find(accessor, codegen::accessorSymbol(symbol).c_str());
  find(api.create, "quern_create");
  find(api.destroy, "quern_destroy");
  find(api.run, "quern_run");
  find(api.lastError, "quern_last_error");
  find(api.order, "quern_model_order");
  find(api.begin, "quern_sequence_create");
  find(api.end, "quern_sequence_destroy");
  find(api.position, "quern_sequence_position");
  find(api.advance, "quern_advance");
  find(api.flush, "quern_flush");
  find(api.predict, "quern_predict");
  find(api.sample, "quern_sample");
  find(api.bytes, "quern_sequence_bytes");
  find(api.save, "quern_sequence_save");
  find(api.restore, "quern_sequence_restore");
  find(api.fork, "quern_sequence_fork");
  if (!isWhole)
    return false;
  model = accessor();
  if (api.order(model, &order) == QUERN_OK)
    return true;
  ADD_FAILURE() << api.lastError(nullptr);
  model = nullptr;
  return false;
}

quern_context *StepModel::context(uint32_t threads) const {
  quern_options options = QUERN_OPTIONS_DEFAULT;
  options.threads = threads;
  quern_context *context = nullptr;
  EXPECT_EQ(api.create(model, &options, &context), QUERN_OK) << api.lastError(nullptr);
  return context;
}

bool StepModel::hasWholeInput() const {
  auto input = type.getInput(static_cast<unsigned>(contract.getInput()));
  return llvm::cast<mlir::RankedTensorType>(input).getElementType().isInteger(32);
}

std::vector<Tensor> StepModel::inputs(std::mt19937 &random) const {
  std::vector<Tensor> inputs;
  std::uniform_int_distribution<int32_t> level(
      0, static_cast<int32_t>(std::max<int64_t>(levels(), 1)) - 1);
  for (auto [number, input] : llvm::enumerate(type.getInputs())) {
    auto tensor = llvm::cast<mlir::RankedTensorType>(input);
    Tensor &bytes = inputs.emplace_back(static_cast<size_t>(ir::tensorBytes(tensor)));
    auto count = static_cast<size_t>(tensor.getNumElements());
    bool isGenerated = static_cast<int64_t>(number) == contract.getInput();
    if (tensor.getElementType().isInteger(32)) {
      for (size_t i = 0; i < count; ++i)
        reinterpret_cast<int32_t *>(bytes.data())[i] = level(random);
    } else if (tensor.getElementType().isInteger(1)) {
      for (std::byte &element : bytes)
        element = static_cast<std::byte>(random() % 2);
    } else if (isGenerated && levels() > 1) {
      double low = distribution.getRange()[0], high = distribution.getRange()[1];
      double step = (high - low) / static_cast<double>(levels() - 1);
      for (size_t i = 0; i < count; ++i)
        reinterpret_cast<float *>(bytes.data())[i] = static_cast<float>(low + level(random) * step);
    } else {
      std::normal_distribution<float> normal;
      for (size_t i = 0; i < count; ++i)
        reinterpret_cast<float *>(bytes.data())[i] = normal(random);
    }
  }
  return inputs;
}

std::vector<const void *> StepModel::pointers(const std::vector<Tensor> &inputs) {
  std::vector<const void *> pointers;
  for (const Tensor &input : inputs)
    pointers.push_back(input.data());
  return pointers;
}

Tensor StepModel::fullPass(quern_context *context, const std::vector<Tensor> &inputs) const {
  auto result = llvm::cast<mlir::RankedTensorType>(type.getResult(0));
  Tensor output(static_cast<size_t>(ir::tensorBytes(result)));
  void *outputs[] = {output.data()};
  EXPECT_EQ(api.run(context, pointers(inputs).data(), outputs), QUERN_OK) << api.lastError(context);
  return byPosition(result, steps.outputAxes, steps.extents, contract.getOrder(), output);
}

Tensor StepModel::elements(const std::vector<Tensor> &inputs) const {
  auto number = static_cast<unsigned>(contract.getInput());
  return byPosition(llvm::cast<mlir::RankedTensorType>(type.getInput(number)), steps.inputAxes,
                    steps.extents, contract.getOrder(), inputs[number]);
}

} // namespace quern::tests
