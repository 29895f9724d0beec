#include "codegen/halide/MultiplicationCount.h"

#include "codegen/halide/schedules/DftCodelet.h"

#include <gtest/gtest.h>

namespace quern::codegen {
namespace {

using namespace Halide;

constexpr int turns = 8;

class MultiplicationCount : public testing::Test {
protected:
  Var x{"x"}, i{"i"};
  ImageParam in{Float(32), 2, "in"};
  Func out{"out"};

  /// The multiplications of `turns` values of x.
  uint64_t counted() {
    CountMultiplications count;
    Pipeline pipeline(out.bound(x, 0, turns));
    pipeline.add_custom_lowering_pass(&count, [] {});
    pipeline.compile_to_module({in}, "counted");
    return count.count;
  }

  /// A transform of n samples for each x, all parts of all its results in one block of code.
  uint64_t ofTransform(int n, bool isReal, size_t results) {
    std::vector<ComplexExpr> samples;
    for (int k = 0; k < n; ++k)
      samples.push_back({in(x, 2 * k), isReal ? Expr() : in(x, 2 * k + 1)});
    std::vector<Expr> parts;
    std::vector<ComplexExpr> spectrum = forwardDft(samples);
    for (size_t k = 0; k < results; ++k)
      for (const Expr &part : {spectrum[k].re, spectrum[k].im})
        if (part.defined())
          parts.push_back(part);
    out(x) = Tuple(parts);
    return counted() / turns;
  }
};

TEST_F(MultiplicationCount, ProductsOfVectorsAreOneEachLane) {
  out(x) = in(x, 0) * in(x, 1) + in(x, 2) * 3.0f;
  EXPECT_EQ(counted(), 2 * turns);
  out.vectorize(x, 4);
  EXPECT_EQ(counted(), 2 * turns);
}

TEST_F(MultiplicationCount, WhatSeveralStoresHoldCountsOnce) {
  Expr product = in(x, 0) * in(x, 1);
  out(x) = Tuple(product, product + 1.0f, in(x, 1) * in(x, 0) - in(x, 2));
  EXPECT_EQ(counted(), turns);
}

TEST_F(MultiplicationCount, NegativeConstantsMakeNoProductOfTheirOwn) {
  out(x) = Tuple(in(x, 0) * 0.3f + in(x, 1), in(x, 0) * -0.3f + in(x, 2), -in(x, 0) * in(x, 1));
  EXPECT_EQ(counted(), 2 * turns);
}

TEST_F(MultiplicationCount, OneIsNoFactorAndTwoIs) {
  out(x) = Tuple(in(x, 0) * -1.0f, in(x, 1) * 2.0f + in(x, 2));
  EXPECT_EQ(counted(), turns);
}

TEST_F(MultiplicationCount, WhatIsReadAfterAStoreIsAnotherValue) {
  Func held("held");
  held(x) = in(x, 0);
  held(x) *= held(x);
  held(x) *= held(x);
  out(x) = held(x);
  held.compute_at(out, x);
  EXPECT_EQ(counted(), 2 * turns);
}

TEST_F(MultiplicationCount, LoopsComputeTheirOwnAtEveryTurn) {
  out(x, i) = in(x, 0) * in(x, 1) + cast<float>(i);
  out.bound(i, 0, 3);
  EXPECT_EQ(counted(), 3 * turns);
  out.unroll(i).reorder(i, x);
  EXPECT_EQ(counted(), turns);
}

TEST_F(MultiplicationCount, WhatNobodyReadsIsLeftOut) {
  Func pair("pair");
  pair(x) = Tuple(in(x, 0) * 3.0f, in(x, 0) * in(x, 1));
  out(x) = pair(x)[0];
  pair.compute_at(out, x);
  EXPECT_EQ(counted(), turns);
}

// Two sums and two differences of mirrored samples, two parts each, meet two cosines and two sines.
TEST_F(MultiplicationCount, FiveSamplesByHand) {
  EXPECT_EQ(ofTransform(5, /*isReal=*/false, 5), 16U);
}

// Two odd numbers meet roots whose parts are alike but for their signs.
TEST_F(MultiplicationCount, EightSamplesByHand) {
  EXPECT_EQ(ofTransform(8, /*isReal=*/false, 8), 2U * 2U);
}

// Two transforms of five real samples, and two turns of four products each.
TEST_F(MultiplicationCount, TenRealSamplesByHand) {
  EXPECT_EQ(ofTransform(10, /*isReal=*/true, 6), 8U + 8U + 2U * 4U);
}

} // namespace
} // namespace quern::codegen
