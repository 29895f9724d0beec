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
/// Tests of each algorithm.
constexpr uint32_t parts = 9;

/// QUERN_CONV_GRID=N: N times as many cases.
uint32_t rounds() {
  const char *text = std::getenv("QUERN_CONV_GRID");
  return text ? std::max(1, std::atoi(text)) : 1;
}

class ConvGrid
    : public testing::TestWithParam<std::tuple<const passes::ConvAlgorithm *, uint32_t>> {};

TEST_P(ConvGrid, StaysWithinTheBound) {
  const auto &[algorithm, part] = GetParam();
  for (uint32_t round = 0; round < rounds(); ++round) {
    Cases cases;
    for (const ConvCase &c : convGrid(algorithm->kind(), casesEach, round * parts + part))
      cases.push_back(opCase(c));
    checkCases(cases, "host");
    if (HasFailure())
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ConvGrid,
                         testing::Combine(testing::ValuesIn(passes::convAlgorithms().begin(),
                                                            passes::convAlgorithms().end()),
                                          testing::Range(0U, parts)),
                         [](const auto &info) {
                           return fmt::format(
                               "{}{}",
                               ir::stringifyConvAlgorithm(std::get<0>(info.param)->kind()).str(),
                               std::get<1>(info.param));
                         });

} // namespace
} // namespace quern::tests
