// Every algorithm on a grid of shapes, against the definition in double precision, within the error
// that it promises.
#include "tests/convs/ConvGrid.h"
#include "tests/ops/OpHarness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace quern::tests {
namespace {

/// Cases of one test, which become one library of kernels.
constexpr size_t casesEach = 64;
constexpr size_t casesOfOtherTypes = 16;
/// Tests of an algorithm, at most.
constexpr uint32_t parts = 9;
constexpr uint32_t partsOfComposed = 3;

struct Part {
  ir::ConvAlgorithm algorithm;
  passes::ConvElement element = passes::ConvElement::f32;
  uint32_t number = 0;

  std::string name() const {
    std::string kind = ir::stringifyConvAlgorithm(algorithm).str();
    return element == passes::ConvElement::f32
               ? fmt::format("{}{}", kind, number)
               : fmt::format("{}_{}", kind, passes::text(element).str());
  }
};

void PrintTo(const Part &part, std::ostream *out) { *out << part.name(); }

/// Whether an algorithm has kernels of that type.
bool serves(const passes::ConvAlgorithm &algorithm, passes::ConvElement element) {
  passes::ConvShape shape{.inChannels = 64,
                          .outChannels = 64,
                          .axes = {convAxis(64, 3), convAxis(64, 3)},
                          .element = element};
  return algorithm.refusal(shape).empty();
}

/// One test each of other types than f32, and few of those that are products or direct convolutions
/// of other numbers: their kernels take longest to compile.
std::vector<Part> allParts() {
  std::vector<Part> all;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms()) {
    bool isComposed = algorithm->kind() == ir::ConvAlgorithm::strassen ||
                      algorithm->kind() == ir::ConvAlgorithm::strassen_winograd ||
                      algorithm->kind() == ir::ConvAlgorithm::separable;
    for (uint32_t part = 0; part < (isComposed ? partsOfComposed : parts); ++part)
      all.push_back({.algorithm = algorithm->kind(), .number = part});
    for (passes::ConvElement element :
         {passes::ConvElement::f16, passes::ConvElement::bf16, passes::ConvElement::f64})
      if (serves(*algorithm, element))
        all.push_back({.algorithm = algorithm->kind(), .element = element, .number = parts});
  }
  return all;
}

/// QUERN_CONV_GRID=N: N times as many cases.
uint32_t rounds() {
  const char *text = std::getenv("QUERN_CONV_GRID");
  return text ? std::max(1, std::atoi(text)) : 1;
}

/// QUERN_CONV_TARGET=x86-64-v3: kernels for a narrower machine than this one.
std::string target() {
  const char *name = std::getenv("QUERN_CONV_TARGET");
  return name ? name : "host";
}

class ConvGrid : public testing::TestWithParam<Part> {};

TEST_P(ConvGrid, StaysWithinTheBound) {
  const Part &part = GetParam();
  size_t count = part.element == passes::ConvElement::f32 ? casesEach : casesOfOtherTypes;
  for (uint32_t round = 0; round < rounds(); ++round) {
    Cases cases;
    for (const ConvCase &c :
         convGrid(part.algorithm, part.element, count, round * (parts + 1) + part.number))
      cases.push_back(opCase(c));
    checkCases(cases, target());
    if (HasFailure())
      return;
  }
}

/// On vectors of 16 lanes what is transformed in part takes 32 KB.
TEST(ConvVolumes, TransformTilesThatNoStackHolds) {
  passes::ConvAxis axis = convAxis(13, 3, 1, 1);
  ConvCase c{.shape = {}, .algorithm = ir::ConvAlgorithm::winograd};
  c.shape.batch = 1;
  c.shape.inChannels = c.shape.outChannels = 16;
  c.shape.axes = {axis, axis, axis};
  c.tile = {6, 6, 6};
  checkCases({opCase(c)}, target());
}

/// Passes of 24 samples, whose frequencies are counted by several loops.
TEST(ConvPlanes, SpectraOfSeveralPassesAlongEachAxis) {
  passes::ConvAxis axis = convAxis(24, 3, 1, 1);
  ConvCase c{.shape = {}, .algorithm = ir::ConvAlgorithm::fft};
  c.shape.batch = 1;
  c.shape.inChannels = 8;
  c.shape.outChannels = 16;
  c.shape.axes = {axis, axis};
  c.tile = {24, 24};
  checkCases({opCase(c)}, target());
}

/// The grid draws hardly any that are large enough to be cut.
TEST(ConvVolumes, ProductsOfBlocksSlabBySlab) {
  Cases cases;
  for (ir::ConvAlgorithm algorithm :
       {ir::ConvAlgorithm::strassen, ir::ConvAlgorithm::strassen_winograd})
    for (int64_t stride : {1, 2})
      for (int64_t kernel : {1, 3}) {
        ConvCase c{
            .shape = {}, .algorithm = algorithm, .tile = {1}, .epilogue = Epilogue::residual};
        c.shape.batch = 2;
        c.shape.inChannels = 19;
        c.shape.outChannels = 33;
        c.shape.axes = {convAxis(5, 1, 0, 0, stride), convAxis(17, kernel, 0, 1, stride),
                        convAxis(19, kernel, 1, 0, stride)};
        cases.push_back(opCase(c));
      }
  checkCases(cases, target());
}

/// Pixels of 8 KB, which are copied so that those of a tile do not meet in one set of the cache;
/// and patches of such.
TEST(ConvPixels, ThatWouldMeetInOneSetOfTheCache) {
  Cases cases;
  for (ir::ConvAlgorithm algorithm :
       {ir::ConvAlgorithm::direct, ir::ConvAlgorithm::im2col, ir::ConvAlgorithm::implicit_im2col})
    for (int64_t stride : {1, 2}) {
      ConvCase c{.shape = {}, .algorithm = algorithm, .epilogue = Epilogue::residual};
      c.shape.batch = 2;
      c.shape.inChannels = 2048;
      c.shape.outChannels = 520;
      c.shape.axes = {convAxis(1, 1), convAxis(49, 1, 0, 0, stride)};
      cases.push_back(opCase(c));
    }
  checkCases(cases, target());
}

/// Sums of many products at few places, which wait in memory between blocks of their channels.
TEST(ConvPlanes, SumsOfManyProducts) {
  Cases cases;
  auto add = [&](int64_t channels, int64_t outputs, int64_t groups,
                 std::initializer_list<passes::ConvAxis> axes,
                 passes::ConvElement element = passes::ConvElement::f32) {
    for (ir::ConvAlgorithm algorithm : {ir::ConvAlgorithm::direct, ir::ConvAlgorithm::im2col,
                                        ir::ConvAlgorithm::implicit_im2col}) {
      ConvCase c{.shape = {}, .algorithm = algorithm, .epilogue = Epilogue::residual};
      c.shape.batch = 2;
      c.shape.inChannels = channels;
      c.shape.outChannels = outputs;
      c.shape.groups = groups;
      c.shape.axes = axes;
      c.shape.element = element;
      cases.push_back(opCase(c));
    }
  };
  for (passes::ConvElement element : {passes::ConvElement::f16, passes::ConvElement::f64})
    add(128, 64, 1, {convAxis(7, 3, 1, 1), convAxis(14, 3, 1, 1)}, element);
  add(64, 70, 1, {convAxis(7, 3, 1, 1), convAxis(7, 3, 1, 1)});
  add(96, 64, 1, {convAxis(15, 3, 1, 0, 2), convAxis(16, 3, 0, 1, 2)});
  add(128, 128, 2, {convAxis(14, 3, 2, 2, 1, 2), convAxis(14, 3, 1, 1)});
  add(32, 48, 1, {convAxis(4, 3, 1, 1), convAxis(5, 3, 1, 1), convAxis(8, 3, 1, 1)});
  add(520, 96, 1, {convAxis(1, 1), convAxis(49, 1)});
  checkCases(cases, target());
}

/// What a stride leaves unread at the end of an axis must not wrap round to its beginning.
TEST(ConvPlanes, SpectraOfStrides) {
  Cases cases;
  for (int64_t groups : {1, 16})
    for (int64_t size : {8, 12, 25, 27}) {
      ConvCase c{.shape = {}, .algorithm = ir::ConvAlgorithm::fft, .tile = {size, size}};
      c.shape.batch = 2;
      c.shape.inChannels = c.shape.outChannels = 16;
      c.shape.groups = groups;
      c.shape.axes = {convAxis(23, 4, 2, 0, 2), convAxis(24, 5, 1, 0, 3)};
      cases.push_back(opCase(c));
    }
  checkCases(cases, target());
}

/// Vectors along the samples, of which a stride leaves some out.
TEST(ConvSignals, SpectraOfOneSignalWithAStride) {
  Cases cases;
  for (int64_t stride : {1, 2, 3})
    for (int64_t size : {960, 3840}) {
      ConvCase c{.shape = {}, .algorithm = ir::ConvAlgorithm::fft, .tile = {size}};
      c.shape.axes = {convAxis(3001, 65, 64, 0, stride)};
      cases.push_back(opCase(c));
    }
  checkCases(cases, target());
}

INSTANTIATE_TEST_SUITE_P(All, ConvGrid, testing::ValuesIn(allParts()),
                         [](const auto &info) { return info.param.name(); });

} // namespace
} // namespace quern::tests
