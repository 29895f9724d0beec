// What compiles for one processor compiles for all: plans, and with them the bounds that Halide
// finds for loops and allocations, depend on vectors and caches.
#include "codegen/Compile.h"
#include "tests/convs/ConvCase.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace quern::tests {
namespace {

/// One name for each set of vector instructions.
std::vector<std::string> levels() {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const std::string &name : codegen::knownTargets()) {
    std::string error;
    codegen::Target target = *codegen::parseTarget(name, error);
    if (name.rfind("host", 0) != 0 && seen.insert(target.halide).second)
      names.push_back(name);
  }
  return names;
}

passes::ConvShape square(int64_t batch, int64_t in, int64_t out, int64_t size, int64_t kernel,
                         int64_t stride = 1) {
  passes::ConvAxis axis = convAxis(size, kernel, kernel / 2, kernel / 2, stride);
  return {.batch = batch, .inChannels = in, .outChannels = out, .axes = {axis, axis}};
}

/// Layers of networks, whose tiles and blocks divide evenly for some vectors and not for others.
std::vector<passes::ConvShape> shapes() {
  std::vector<passes::ConvShape> list;
  for (int64_t batch : {1, 2, 5})
    for (auto [channels, size] :
         {std::pair(64, 56), std::pair(128, 112), std::pair(256, 14), std::pair(96, 27)})
      list.push_back(square(batch, channels, channels, size, 3));
  list.push_back(square(1, 3, 64, 224, 7, 2));
  list.push_back(square(2, 64, 64, 31, 5));
  list.push_back(square(3, 128, 512, 28, 1));
  list.push_back(
      {.batch = 2, .inChannels = 48, .outChannels = 80, .axes = {convAxis(1000, 9, 8, 0)}});
  list.push_back(
      {.batch = 2,
       .inChannels = 32,
       .outChannels = 32,
       .axes = {convAxis(9, 3, 1, 1), convAxis(18, 3, 1, 1), convAxis(20, 3, 2, 2, 1, 2)}});
  passes::ConvShape depthwise = square(2, 144, 144, 56, 3);
  depthwise.groups = 144;
  list.push_back(depthwise);
  return list;
}

/// The kernels of an algorithm as one module; those of even number with a residual sum. The tiles
/// take turns: of four sizes in three batches, each size meets three of them.
std::string moduleText(const passes::ConvAlgorithm &algorithm) {
  std::string text;
  size_t number = 0;
  for (const passes::ConvShape &shape : shapes()) {
    if (!algorithm.refusal(shape).empty())
      continue;
    llvm::SmallVector<passes::Tile> tiles = algorithm.tiles(shape);
    ConvCase c{.shape = shape,
               .algorithm = algorithm.kind(),
               .tile = tiles[(number + number / 4) % tiles.size()]};
    c.epilogue = number % 2 == 0 ? Epilogue::residual : Epilogue::bias;
    text += fmt::format("func.func private @case_{}{}\n", number++, kernelText(c));
  }
  return text;
}

class EveryTarget
    : public testing::TestWithParam<std::tuple<const passes::ConvAlgorithm *, std::string>> {};

TEST_P(EveryTarget, CompilesWithBoundedScratch) {
  const auto &[algorithm, name] = GetParam();
  std::string error;
  codegen::Target target = *codegen::parseTarget(name, error);
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  context.getDiagEngine().registerHandler([](mlir::Diagnostic &diagnostic) {
    ADD_FAILURE() << diagnostic.str();
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(moduleText(*algorithm), &context);
  ASSERT_TRUE(module);
  for (auto kernel : module->getOps<mlir::func::FuncOp>())
    kernel->setAttr(ir::names::kernel, mlir::UnitAttr::get(&context));
  ASSERT_TRUE(mlir::succeeded(codegen::assignWeightLayouts(*module, target)));
  // The loops, before machine code is made of them, tell all that depends on the target's numbers.
  codegen::CompileOptions options;
  options.output = codegen::KernelOutput::loops;
  auto kernels = codegen::compileKernels(*module, target, options);
  ASSERT_TRUE(mlir::succeeded(kernels));
  EXPECT_GE(kernels->size(), 4U);
}

INSTANTIATE_TEST_SUITE_P(Convs, EveryTarget,
                         testing::Combine(testing::ValuesIn(passes::convAlgorithms().begin(),
                                                            passes::convAlgorithms().end()),
                                          testing::ValuesIn(levels())),
                         [](const auto &info) {
                           std::string name = fmt::format(
                               "{}_{}",
                               ir::stringifyConvAlgorithm(std::get<0>(info.param)->kind()).str(),
                               std::get<1>(info.param));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
} // namespace quern::tests
