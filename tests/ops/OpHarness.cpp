#include "tests/ops/OpHarness.h"

#include "codegen/Compile.h"
#include "ir/Quern.h"
#include "runtime/HalideAbi.h"
#include "tests/ops/KernelImports.h"
#include "tests/ops/TensorBytes.h"

#include "llvm/ADT/Hashing.h"
#include "mlir/Parser/Parser.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <random>

namespace halideAbi = quern::runtime::abi;

namespace quern::tests {
namespace {

namespace fs = std::filesystem;

/// A folder that is gone when this is.
struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "quern-ops-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
};

/// All kernels as one loaded library.
class Library {
public:
  Library(const std::vector<codegen::CompiledKernel> &kernels, const std::string &deviceRuntime) {
    std::string command =
        fmt::format("cc -shared -Wl,-Bsymbolic -o {0}/kernels.so", folder.path.string());
    auto add = [&](const std::string &name, const std::string &bytes) {
      std::string path = (folder.path / name).string();
      if (fs::exists(path))
        return;
      std::ofstream(path, std::ios::binary)
          .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      command += " " + path;
    };
    for (const codegen::CompiledKernel &kernel : kernels)
      add(kernel.symbol + ".o", *kernel.bytes);
    if (!deviceRuntime.empty())
      add("runtime.o", deviceRuntime);
    command += " -lm -ldl -lpthread";
    if (std::system(command.c_str()) ==
        0) // NOLINT(cert-env33-c): a fixed command over our own files
      handle = dlopen((folder.path / "kernels.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle)
      ADD_FAILURE() << "cannot link or load the kernels: " << (dlerror() ? dlerror() : "link");
  }
  ~Library() {
    if (handle)
      dlclose(handle);
  }
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  explicit operator bool() const { return handle != nullptr; }
  template <typename Function> Function *find(const std::string &name) const {
    return reinterpret_cast<Function *>(dlsym(handle, name.c_str()));
  }

private:
  TemporaryFolder folder;
  void *handle = nullptr;
};

/// Bytes with a margin on both sides whose change is noticed.
class GuardedBytes {
public:
  GuardedBytes(size_t size, uint8_t fill)
      : size(size), storage(size + 2 * margin + 64, marginByte) {
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    begin = storage.data() + ((address + margin + 63) / 64 * 64 - address);
    std::fill(begin, begin + size, fill);
  }
  GuardedBytes(GuardedBytes &&) = default;
  uint8_t *data() { return begin; }
  bool marginsIntact() const {
    auto untouched = [](uint8_t byte) { return byte == marginByte; };
    return std::all_of(storage.data(), static_cast<const uint8_t *>(begin), untouched) &&
           std::all_of(static_cast<const uint8_t *>(begin) + size, storage.data() + storage.size(),
                       untouched);
  }

private:
  static constexpr size_t margin = 256;
  /// All bytes set: a NaN of any float type.
  static constexpr uint8_t marginByte = 0xff;
  size_t size;
  std::vector<uint8_t> storage;
  uint8_t *begin;
};

halideAbi::Type abiType(mlir::Type element) {
  auto bits = static_cast<uint8_t>(element.getIntOrFloatBitWidth());
  if (element.isBF16())
    return {halideAbi::typeBFloat, bits, 1};
  if (llvm::isa<mlir::FloatType>(element))
    return {halideAbi::typeFloat, bits, 1};
  bool isUnsigned = element.isUnsignedInteger() || bits == 1;
  return {isUnsigned ? halideAbi::typeUInt : halideAbi::typeInt, bits, 1};
}

/// A buffer with its descriptor.
struct Buffer {
  mlir::RankedTensorType type;
  GuardedBytes bytes;
  std::vector<halideAbi::Dimension> dims;
  halideAbi::Buffer descriptor{};

  Buffer(mlir::RankedTensorType type, uint8_t fill)
      : type(type), bytes(static_cast<size_t>(ir::tensorBytes(type)), fill) {
    int32_t stride = 1;
    llvm::SmallVector<ir::PhysicalDim> outermostFirst = ir::physicalDims(type);
    for (const ir::PhysicalDim &dim : llvm::reverse(outermostFirst)) {
      dims.push_back({0, static_cast<int32_t>(dim.extent), stride, 0});
      stride *= static_cast<int32_t>(dim.extent);
    }
    descriptor.type = abiType(type.getElementType());
    descriptor.dimensions = static_cast<int32_t>(dims.size());
    descriptor.host = bytes.data();
    descriptor.dim = dims.data();
  }
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor drawInput(const OpCase &c, int argument, mlir::RankedTensorType type, std::mt19937 &random) {
  Tensor tensor(reference::Shape(type.getShape().begin(), type.getShape().end()));
  std::uniform_real_distribution<double> real(c.low, c.high);
  std::uniform_int_distribution<int64_t> index(0, std::max<int64_t>(c.indexLimit - 1, 0));
  const double specials[] = {nan,  infinity, -infinity, 0.0,   -0.0,   1e-30, -1e-30,
                             3e38, -3e38,    88.5,      -88.5, -104.5, 1.0};
  for (double &value : tensor.values) {
    value = argument == c.indexArgument ? static_cast<double>(index(random)) : real(random);
    if (c.special && random() % 4 == 0)
      value = specials[random() % std::size(specials)];
    if (llvm::isa<mlir::IntegerType>(type.getElementType()))
      value = std::nearbyint(value);
  }
  return reference::cast(tensor, elementName(type.getElementType()));
}

bool isClose(double got, double expected, double allowance) {
  if (std::isnan(expected))
    return std::isnan(got);
  if (std::isinf(expected))
    return got == expected;
  return std::fabs(got - expected) <= allowance;
}

void compare(const OpCase &c, const std::vector<Tensor> &inputs, const Tensor &got,
             const Tensor &expected) {
  std::optional<double> allowance;
  if (c.allowance)
    allowance = c.allowance(inputs, expected);
  double largest = 0;
  for (double value : expected.values)
    if (std::isfinite(value))
      largest = std::max(largest, std::fabs(value));
  // Close to the smallest normal f32 no relative precision is asked for: functions may flush to
  // zero.
  constexpr double tiny = 2e-38;
  int wrong = 0;
  for (int64_t i = 0; i < expected.size() && wrong < 3; ++i) {
    auto at = static_cast<size_t>(i);
    double want = expected.values[at];
    double allowed =
        allowance.value_or(c.relative * std::fabs(want) + c.ofLargest * largest) + tiny;
    if (isClose(got.values[at], want, allowed))
      continue;
    ++wrong;
    ADD_FAILURE() << c.name << ": element " << i << " of " << expected.size() << " is "
                  << got.values[at] << ", not " << want << " within " << allowed << " (largest "
                  << largest << ")";
  }
}

/// Draws argument `i`, as `meaning` sees it.
Tensor drawArgument(const OpCase &c, int i, mlir::RankedTensorType type, std::mt19937 &random) {
  if (i != c.weight.argument)
    return drawInput(c, i, type, random);
  Tensor drawn =
      drawInput(c, i, mlir::RankedTensorType::get(c.weight.shape, type.getElementType()), random);
  return c.weight.draw ? c.weight.draw(drawn) : drawn;
}

using Kernel = int(void **arguments);
using DeviceCopy = int(void *context, halideAbi::Buffer *buffer);

void runCase(const OpCase &c, mlir::func::FuncOp function, mlir::FunctionType original,
             const codegen::CompiledKernel &kernel, const Library &library, bool onDevice) {
  std::mt19937 random(static_cast<uint32_t>(llvm::hash_value(c.name)));
  std::vector<Tensor> inputs;
  std::vector<Buffer> buffers;
  buffers.reserve(function.getNumArguments() + 1);
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto tensorType = llvm::cast<mlir::RankedTensorType>(type);
    int argument = static_cast<int>(i);
    inputs.push_back(drawArgument(
        c, argument, llvm::cast<mlir::RankedTensorType>(original.getInput(i)), random));
    bool isTransformed = argument == c.weight.argument && c.weight.transform;
    Buffer &buffer = buffers.emplace_back(tensorType, uint8_t{0});
    std::vector<uint8_t> bytes =
        toBytes(isTransformed ? c.weight.transform(inputs.back()) : inputs.back(), tensorType);
    std::copy(bytes.begin(), bytes.end(), buffer.bytes.data());
    buffer.descriptor.flags = halideAbi::flagHostDirty;
  }
  auto resultType = llvm::cast<mlir::RankedTensorType>(function.getResultTypes()[0]);
  Buffer &result = buffers.emplace_back(resultType, uint8_t{0xcd});

  void *context = nullptr;
  std::vector<void *> arguments{&context};
  for (Buffer &buffer : buffers)
    arguments.push_back(&buffer.descriptor);
  Kernel *run = library.find<Kernel>(kernel.symbol + "_argv");
  ASSERT_NE(run, nullptr) << c.name;
  forgetScratch();
  ASSERT_EQ(run(arguments.data()), 0) << c.name;
  if (onDevice) {
    ASSERT_EQ(library.find<DeviceCopy>("halide_copy_to_host")(context, &result.descriptor), 0)
        << c.name;
    for (Buffer &buffer : buffers)
      library.find<DeviceCopy>("halide_device_free")(context, &buffer.descriptor);
  } else {
    EXPECT_LE(scratchUse().serialBytes, kernel.serialScratchBytes) << c.name;
    EXPECT_LE(scratchUse().threadBytes, kernel.threadScratchBytes) << c.name;
    if (c.hasExactScratch) {
      EXPECT_EQ(scratchUse().serialBytes, kernel.serialScratchBytes) << c.name;
      EXPECT_EQ(scratchUse().threadBytes, kernel.threadScratchBytes) << c.name;
    }
  }
  for (Buffer &buffer : buffers)
    EXPECT_TRUE(buffer.bytes.marginsIntact()) << c.name << " writes outside its buffers";

  Tensor expected = reference::cast(c.meaning(inputs), elementName(resultType.getElementType()));
  compare(c, inputs, fromBytes(result.bytes.data(), resultType), expected);
}

} // namespace

void checkCases(const Cases &cases, const std::string &targetName) {
  std::string error;
  mlir::FailureOr<codegen::Target> target = codegen::parseTarget(targetName, error);
  ASSERT_TRUE(mlir::succeeded(target)) << error;
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  context.getDiagEngine().registerHandler([](mlir::Diagnostic &diagnostic) {
    ADD_FAILURE() << diagnostic.str();
    return mlir::success();
  });

  std::string text;
  std::vector<const OpCase *> chosen;
  for (const OpCase &c : cases)
    if (c.onDevice || !target->onDevice()) {
      text += fmt::format("func.func private @case_{}{}\n", chosen.size(), c.text);
      chosen.push_back(&c);
    }
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  std::vector<mlir::func::FuncOp> functions(module->getOps<mlir::func::FuncOp>().begin(),
                                            module->getOps<mlir::func::FuncOp>().end());
  std::vector<mlir::FunctionType> originals;
  for (mlir::func::FuncOp function : functions) {
    function->setAttr(ir::names::kernel, mlir::UnitAttr::get(&context));
    originals.push_back(function.getFunctionType());
  }
  ASSERT_TRUE(mlir::succeeded(codegen::assignWeightLayouts(*module, *target)));
  mlir::FailureOr<std::vector<codegen::CompiledKernel>> kernels =
      codegen::compileKernels(*module, *target);
  ASSERT_TRUE(mlir::succeeded(kernels));
  ASSERT_EQ(kernels->size(), chosen.size());
  mlir::FailureOr<std::string> deviceRuntime = codegen::deviceRuntimeObject(*target, error);
  ASSERT_TRUE(mlir::succeeded(deviceRuntime)) << error;
  Library library(*kernels, *deviceRuntime);
  ASSERT_TRUE(library);
  for (size_t i = 0; i < chosen.size(); ++i)
    runCase(*chosen[i], functions[i], originals[i], (*kernels)[i], library, target->onDevice());
}

std::string typeText(const std::vector<int64_t> &shape, const std::string &element) {
  std::string text;
  for (int64_t extent : shape)
    text += fmt::format("{}x", extent);
  return text + (element == "u8" ? "ui8" : element);
}

std::string tensorText(const std::vector<int64_t> &shape, const std::string &element,
                       const std::string &layout) {
  return fmt::format("tensor<{}{}>", typeText(shape, element),
                     layout.empty() ? "" : ", #quern.layout<" + layout + ">");
}

std::string listText(const std::vector<int64_t> &values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}

} // namespace quern::tests
