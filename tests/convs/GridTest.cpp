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
/// Tests of an algorithm, at most.
constexpr uint32_t parts = 9;

using Part = std::tuple<const passes::ConvAlgorithm *, uint32_t>;

/// One test each of those that are products or direct convolutions of other numbers: their kernels
/// take a second each to compile.
std::vector<Part> allParts() {
  std::vector<Part> all;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms()) {
    bool isComposed = algorithm->kind() == ir::ConvAlgorithm::strassen ||
                      algorithm->kind() == ir::ConvAlgorithm::strassen_winograd ||
                      algorithm->kind() == ir::ConvAlgorithm::separable;
    for (uint32_t part = 0; part < (isComposed ? 1 : parts); ++part)
      all.emplace_back(algorithm, part);
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
  const auto &[algorithm, part] = GetParam();
  for (uint32_t round = 0; round < rounds(); ++round) {
    Cases cases;
    for (const ConvCase &c : convGrid(algorithm->kind(), casesEach, round * parts + part))
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

INSTANTIATE_TEST_SUITE_P(All, ConvGrid, testing::ValuesIn(allParts()), [](const auto &info) {
  return fmt::format("{}{}", ir::stringifyConvAlgorithm(std::get<0>(info.param)->kind()).str(),
                     std::get<1>(info.param));
});

} // namespace
} // namespace quern::tests
