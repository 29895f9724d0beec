// Factors of separable filters: found where there are such, and how far from the filter elsewhere.
#include "ir/conv/SeparableFilter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace quern::ir {
namespace {

/// Products of drawn lines, as f32 or f64 holds them; outputs of an all-zero filter among them.
std::vector<double> products(const SeparableShape &shape, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> shared(static_cast<size_t>(shape.groups * shape.inputs * shape.sharedTaps()));
  for (double &tap : shared)
    tap = normal(random);
  std::vector<double> filter;
  for (int64_t o = 0; o < shape.outputs; ++o)
    for (int64_t i = 0; i < shape.inputs; ++i) {
      std::vector<double> rest(static_cast<size_t>(shape.restTaps()));
      for (double &tap : rest)
        tap = o == 0 ? 0 : normal(random);
      for (int64_t y = 0; y < shape.height; ++y)
        for (int64_t x = 0; x < shape.width; ++x) {
          int64_t along = shape.sharesRows ? x : y, across = shape.sharesRows ? y : x;
          filter.push_back(shape.kept(
              rest[static_cast<size_t>(across)] *
              shared[static_cast<size_t>(shape.channel(o, i) * shape.sharedTaps() + along)]));
        }
    }
  return filter;
}

std::vector<SeparableShape> shapes() {
  return {{.groups = 8, .outputs = 8, .inputs = 1, .height = 5, .width = 3},
          {.outputs = 6, .inputs = 4, .height = 3, .width = 7},
          {.groups = 2, .outputs = 6, .inputs = 3, .height = 4, .width = 4},
          {.outputs = 5, .inputs = 4, .height = 7, .width = 2, .sharesRows = false},
          {.groups = 2, .outputs = 6, .inputs = 4, .height = 15, .width = 9, .roundoff = 0x1p-53}};
}

TEST(Separate, FindsTheFactorsOfProducts) {
  uint32_t seed = 1;
  for (const SeparableShape &shape : shapes()) {
    std::vector<double> filter = products(shape, seed++);
    SeparableFactors factors = separate(shape, filter);
    EXPECT_LE(separationError(shape, filter, factors), shape.tolerance());
    ASSERT_EQ(factors.shared.size(),
              static_cast<size_t>(shape.groups * shape.inputs * shape.sharedTaps()));
    ASSERT_EQ(factors.rest.size(),
              static_cast<size_t>(shape.outputs * shape.inputs * shape.restTaps()));
  }
}

TEST(Separate, OneTapThatDiffersIsNoticed) {
  for (const SeparableShape &shape : shapes()) {
    std::vector<double> filter = products(shape, 9);
    filter.back() += filter.back() > 0 ? 0.01 : -0.01;
    EXPECT_GT(separationError(shape, filter, separate(shape, filter)), shape.tolerance());
  }
}

/// So many bits of a number.
double cut(double value, int bits) {
  int exponent = 0;
  double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::round(std::ldexp(fraction, bits)), exponent - bits);
}

TEST(Separate, WhatWeightsWereStoredWithIsNoDifference) {
  for (int bits : {8, 11})
    for (SeparableShape shape : shapes()) {
      shape.roundoff = std::ldexp(1, -bits);
      std::vector<double> filter = products(shape, 5);
      for (double &weight : filter)
        weight = cut(weight, bits);
      double missed = separationError(shape, filter, separate(shape, filter));
      EXPECT_LE(missed, shape.tolerance());
      EXPECT_GT(missed, SeparableShape().tolerance());
    }
}

/// What f32 would not tell.
TEST(Separate, OneTapOfDoublePrecisionThatDiffersIsNoticed) {
  SeparableShape shape{.outputs = 6, .inputs = 4, .height = 3, .width = 7, .roundoff = 0x1p-53};
  std::vector<double> filter = products(shape, 9);
  filter.back() *= 1 + 1e-10;
  double missed = separationError(shape, filter, separate(shape, filter));
  EXPECT_GT(missed, shape.tolerance());
  EXPECT_LT(missed, SeparableShape().tolerance());
}

TEST(Separate, LinesOfEachFilterThatAreNotSharedAreNoFactor) {
  SeparableShape apart{.groups = 4, .outputs = 4, .inputs = 1, .height = 3, .width = 3};
  std::vector<double> filter = products(apart, 3);
  SeparableShape together = apart;
  together.groups = 1;
  EXPECT_LE(separationError(apart, filter, separate(apart, filter)), apart.tolerance());
  EXPECT_GT(separationError(together, filter, separate(together, filter)), 0.01);
}

} // namespace
} // namespace quern::ir
