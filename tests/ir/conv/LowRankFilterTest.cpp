// Factors of filters whose lines are combinations of few: found where there are such, with no more
// channels than it takes, and how far from the filter elsewhere.
#include "ir/conv/LowRankFilter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace quern::ir {
namespace {

std::vector<double> normal(std::mt19937 &random, int64_t count) {
  std::normal_distribution<double> distribution;
  std::vector<double> values(static_cast<size_t>(count));
  for (double &value : values)
    value = distribution(random);
  return values;
}

/// Sums of `rank` products of drawn lines, as the type holds them; outputs of very different sizes.
std::vector<double> sums(const SeparableShape &shape, int64_t rank, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<double> rest = normal(random, shape.outputs * rank * shape.restTaps()),
                      lines =
                          normal(random, shape.groups * rank * shape.inputs * shape.sharedTaps()),
                      filter(static_cast<size_t>(shape.outputs * shape.inputs * shape.height *
                                                 shape.width));
  for (int64_t o = 0; o < shape.outputs; ++o)
    for (int64_t i = 0; i < shape.inputs; ++i)
      for (int64_t tap = 0; tap < shape.restTaps(); ++tap)
        for (int64_t k = 0; k < shape.sharedTaps(); ++k) {
          double sum = 0;
          for (int64_t r = 0; r < rank; ++r) {
            int64_t line = (o / (shape.outputs / shape.groups) * rank + r) * shape.inputs + i;
            sum += rest[static_cast<size_t>((o * rank + r) * shape.restTaps() + tap)] *
                   lines[static_cast<size_t>(line * shape.sharedTaps() + k)];
          }
          int64_t first = (o * shape.inputs + i) * shape.height * shape.width;
          filter[static_cast<size_t>(first + shape.tapAt(tap, k))] =
              shape.kept(std::ldexp(sum, static_cast<int>(o % 40)));
        }
  return filter;
}

struct Case {
  SeparableShape shape;
  int64_t rank;
};

std::vector<Case> cases() {
  return {{{.outputs = 12, .inputs = 10, .height = 5, .width = 3}, 1},
          {{.outputs = 12, .inputs = 10, .height = 5, .width = 3, .sharesRows = false}, 7},
          {{.groups = 3, .outputs = 12, .inputs = 5, .height = 3, .width = 7}, 4},
          {{.groups = 6, .outputs = 6, .inputs = 1, .height = 9, .width = 7}, 3},
          {{.groups = 6, .outputs = 18, .inputs = 1, .height = 5, .width = 5}, 2},
          {{.outputs = 48, .inputs = 48, .height = 3, .width = 3}, 40},
          {{.outputs = 12, .inputs = 10, .height = 5, .width = 3, .roundoff = 0x1p-53}, 2},
          {{.groups = 2, .outputs = 24, .inputs = 16, .height = 7, .width = 7, .roundoff = 0x1p-53},
           9}};
}

LowRankFactors exact(const SeparableShape &shape, const std::vector<double> &filter) {
  return factorise(shape, filter, 1000, shape.tolerance());
}

TEST(Factorise, FindsTheFewestChannels) {
  uint32_t seed = 1;
  for (const auto &[shape, rank] : cases()) {
    std::vector<double> filter = sums(shape, rank, seed++);
    LowRankFactors factors = exact(shape, filter);
    EXPECT_EQ(factors.rank, rank);
    ASSERT_EQ(factors.rest.size(), static_cast<size_t>(shape.outputs * rank * shape.restTaps()));
    ASSERT_EQ(factors.lines.size(), static_cast<size_t>(withOwnLines(shape).groups * rank *
                                                        shape.inputs * shape.sharedTaps()));
    LowRankError error = lowRankError(shape, filter, factors);
    EXPECT_LE(error.missed, shape.tolerance());
    EXPECT_GE(error.growth, 1 - shape.tolerance());
    EXPECT_LE(error.growth, 8 + static_cast<double>(rank));
  }
}

TEST(Factorise, OneChannelTooFewIsNoticed) {
  for (const auto &[shape, rank] : cases()) {
    std::vector<double> filter = sums(shape, rank, 7);
    LowRankFactors few = factorise(shape, filter, rank - 1, shape.tolerance());
    EXPECT_EQ(few.rank, rank - 1);
    EXPECT_GT(lowRankError(shape, filter, few).missed, 1e-4);
  }
}

TEST(Factorise, OneTapThatDiffersTakesOneChannelMore) {
  for (const auto &[shape, rank] : cases()) {
    std::vector<double> filter = sums(shape, rank, 9);
    filter[1] *= 1.01;
    EXPECT_EQ(exact(shape, filter).rank, rank + 1);
  }
}

TEST(Factorise, OfNothingTakesNoChannels) {
  SeparableShape shape{.outputs = 2, .inputs = 3, .height = 3, .width = 3};
  std::vector<double> filter(2 * 3 * 9);
  EXPECT_EQ(exact(shape, filter).rank, 0);
  LowRankFactors wide = exact(shape, filter).widenedTo(2, shape);
  EXPECT_EQ(wide.rest, std::vector<double>(2 * 2 * 3));
  EXPECT_EQ(wide.lines, std::vector<double>(2 * 3 * 3));
  EXPECT_EQ(lowRankError(shape, filter, wide).missed, 0);
}

TEST(Factorise, ZerosOfFurtherChannelsChangeNothing) {
  for (const auto &[shape, rank] : cases()) {
    std::vector<double> filter = sums(shape, rank, 11);
    LowRankError error =
        lowRankError(shape, filter, exact(shape, filter).widenedTo(rank + 3, shape));
    EXPECT_LE(error.missed, shape.tolerance());
  }
}

TEST(ClearlyExceedsRank, IsTrueOfDrawnFiltersAndNeverOfSums) {
  for (const auto &[shape, rank] : cases()) {
    std::mt19937 random(3);
    EXPECT_FALSE(clearlyExceedsRank(shape, sums(shape, rank, 5), rank));
    std::vector<double> drawn =
        normal(random, shape.outputs * shape.inputs * shape.height * shape.width);
    EXPECT_TRUE(clearlyExceedsRank(shape, drawn, 2));
  }
}

TEST(Factorise, FiltersOfOneInputNeedNotShareTheirLines) {
  SeparableShape together{.groups = 4, .outputs = 12, .inputs = 1, .height = 3, .width = 5},
      apart = together;
  apart.groups = 12;
  EXPECT_EQ(exact(together, sums(apart, 1, 2)).rank, 1);
}

TEST(OutputBlocks, HoldEachElementOnceAndZerosBehind) {
  OutputBlocks blocks{.outputs = 18, .inner = 2, .taps = 3};
  std::vector<double> values;
  for (int64_t k = 1; k <= 18 * 2 * 3; ++k)
    values.push_back(static_cast<double>(k));
  std::vector<double> stored = blocks.store(values);
  ASSERT_EQ(stored.size(), 2U * 3 * 2 * 16);
  // Output 17, input 1, tap 2 is the last of all.
  EXPECT_EQ(stored[((1 * 3 + 2) * 2 + 1) * 16 + 1], 108);
  double sum = 0;
  for (double value : stored)
    sum += value;
  EXPECT_EQ(sum, 108 * 109 / 2);
}

} // namespace
} // namespace quern::ir
