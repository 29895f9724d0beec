// The matrices of bilinear algorithms: the identity in exact fractions, and errors measured in f32
// against the bound that is promised.
#include "ir/conv/BilinearAlgorithm.h"

#include "ir/conv/TransformFilter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

namespace quern::ir {
namespace {

TEST(Rational, ReducesComparesAndRefuses) {
  EXPECT_EQ(Rational(6, -4).text(), "-3/2");
  EXPECT_EQ(Rational(1, 3) + Rational(1, 6), Rational(1, 2));
  EXPECT_EQ(Rational(2, 3) / Rational(-4, 9), Rational(-3, 2));
  EXPECT_LT(Rational(-1, 2), Rational(1, 3));
  EXPECT_EQ(Rational(7, 8).toDouble(), 0.875);
  EXPECT_TRUE(Rational(25, 64).isExactInFloat());
  EXPECT_FALSE(Rational(1, 3).isExactInFloat());
  EXPECT_FALSE(Rational((1 << 24) + 1).isExactInFloat());
  EXPECT_THROW(Rational(1) / Rational(0), std::domain_error);
  Rational large(int64_t{1} << 62);
  EXPECT_THROW(large * large * large, std::overflow_error);
}

TEST(CookToom, IdentityIsExact) {
  for (int64_t outputs = 1; outputs <= 12; ++outputs)
    for (int64_t taps = 1; outputs + taps - 1 <= 12; ++taps) {
      SCOPED_TRACE(testing::Message() << "F(" << outputs << ", " << taps << ")");
      BilinearAlgorithm algorithm = cookToom(outputs, taps);
      EXPECT_TRUE(algorithm.verify());
      EXPECT_EQ(algorithm.products,
                outputs == 1 || taps == 1 ? outputs * taps : outputs + taps - 1);
      EXPECT_GE(algorithm.errorFactor(), 1);
      EXPECT_TRUE(directAlgorithm(outputs, taps).verify());
      EXPECT_EQ(directAlgorithm(outputs, taps).errorFactor(), 1);
    }
}

TEST(CookToom, IdentityNoticesAWrongEntry) {
  BilinearAlgorithm algorithm = cookToom(4, 3);
  algorithm.inputTransform[0](2, 1) += Rational(1, int64_t{1} << 40);
  EXPECT_FALSE(algorithm.verify());
}

TEST(CookToom, ChosenPointsAreBetterThanTheClassicOnes) {
  const std::vector<Rational> classic{0, 1, -1, 2, -2, Rational(1, 2), Rational(-1, 2)};
  for (int64_t outputs : {2, 4, 6}) {
    std::span points = std::span(classic).first(static_cast<size_t>(outputs + 1));
    BilinearAlgorithm known = cookToom(outputs, 3, points), chosen = cookToom(outputs, 3);
    EXPECT_TRUE(known.verify());
    EXPECT_LE(chosen.errorFactor(), known.errorFactor() * (1 + 1e-9));
    EXPECT_LE(chosen.typicalErrorFactor(), known.typicalErrorFactor() * (1 + 1e-9));
  }
  EXPECT_THROW(cookToom(4, 3, std::span(classic).first(4)), std::invalid_argument);
  EXPECT_THROW(cookToom(2, 2, std::vector<Rational>{1, 1}), std::invalid_argument);
}

/// The matrices applied to a vector in f32, one addition after the other.
std::vector<float> multiplied(const std::vector<RationalMatrix> &matrices,
                              std::vector<float> vector) {
  for (const RationalMatrix &matrix : matrices) {
    std::vector<float> result(static_cast<size_t>(matrix.rows()), 0.0f);
    for (int64_t i = 0; i < matrix.rows(); ++i)
      for (int64_t j = 0; j < matrix.columns(); ++j)
        if (!matrix(i, j).isZero())
          result[static_cast<size_t>(i)] +=
              static_cast<float>(matrix(i, j).toDouble()) * vector[static_cast<size_t>(j)];
    vector = result;
  }
  return vector;
}

/// One output tile of a convolution in one dimension, and its largest error against the exact sums
/// in units of max |x| * sum |w|.
double measuredError(const BilinearAlgorithm &algorithm, int64_t channels, bool adversarial,
                     std::mt19937 &random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  auto draw = [&] {
    float value = uniform(random);
    return adversarial ? std::ldexp(value, static_cast<int>(random() % 24)) : value;
  };
  std::vector<double> filter, exact(static_cast<size_t>(algorithm.outputs), 0.0);
  std::vector<std::vector<float>> inputs;
  double largest = 0, weights = 0;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t k = 0; k < algorithm.taps; ++k) {
      filter.push_back(draw());
      weights += std::abs(filter.back());
    }
    std::vector<float> &x = inputs.emplace_back();
    for (int64_t j = 0; j < algorithm.inputs; ++j) {
      x.push_back(draw());
      largest = std::max(largest, std::abs(static_cast<double>(x.back())));
    }
    for (int64_t i = 0; i < algorithm.outputs; ++i)
      for (int64_t k = 0; k < algorithm.taps; ++k)
        exact[static_cast<size_t>(i)] += static_cast<double>(x[static_cast<size_t>(i + k)]) *
                                         filter[static_cast<size_t>(c * algorithm.taps + k)];
  }
  std::vector<double> u = transformFilter(filter, 1, channels, std::span(&algorithm, 1));
  std::vector<float> sums(static_cast<size_t>(algorithm.products), 0.0f);
  for (size_t c = 0; c < inputs.size(); ++c) {
    std::vector<float> v = multiplied(algorithm.inputTransform, inputs[c]);
    for (size_t a = 0; a < sums.size(); ++a)
      sums[a] += static_cast<float>(u[a * inputs.size() + c]) * v[a];
  }
  std::vector<float> y = multiplied(algorithm.outputTransform, sums);
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    double error = std::abs(static_cast<double>(y[i]) - exact[i]);
    if (!(error <= worst))
      worst = error;
  }
  return worst / (largest * weights);
}

TEST(ErrorBound, HoldsAndIsNotVacuous) {
  std::mt19937 random(3);
  for (int64_t taps : {2, 3, 5})
    for (int64_t outputs = 1; outputs + taps - 1 <= 10; ++outputs)
      for (int64_t channels : {1, 7, 64}) {
        SCOPED_TRACE(testing::Message() << "F(" << outputs << ", " << taps << "), " << channels);
        BilinearAlgorithm algorithm = cookToom(outputs, taps);
        double bound = errorBound(std::span(&algorithm, 1), channels, std::ldexp(1.0, -24));
        double worst = 0;
        for (int trial = 0; trial < 50; ++trial) {
          double error = measuredError(algorithm, channels, trial % 2 == 1, random);
          EXPECT_TRUE(error <= bound) << error << " > " << bound;
          worst = std::max(worst, error);
        }
        EXPECT_TRUE(worst > 0 && bound < 1e-2);
      }
}

TEST(Nested, IdentityIsExactAndErrorsAreBounded) {
  std::mt19937 random(4);
  for (int64_t taps : {6, 7, 8, 9, 11, 15, 18, 20, 28})
    for (int64_t outputs = 8; outputs <= 18; ++outputs) {
      if (!splitForWinograd(outputs, taps).isNested())
        continue;
      SCOPED_TRACE(testing::Message() << "F(" << outputs << ", " << taps << ")");
      BilinearAlgorithm algorithm = winogradAlgorithm(outputs, taps);
      EXPECT_TRUE(algorithm.verify());
      EXPECT_LT(algorithm.products, outputs * taps);
      EXPECT_EQ(algorithm.inputs, outputs + taps - 1);
      double bound = errorBound(std::span(&algorithm, 1), 7, 0x1p-24), worst = 0;
      for (int trial = 0; trial < 20; ++trial)
        worst = std::max(worst, measuredError(algorithm, 7, trial % 2 == 1, random));
      EXPECT_TRUE(worst > 0 && worst <= bound) << worst << " > " << bound;
    }
}

TEST(Nested, RefusesWhatDoesNotFit) {
  EXPECT_THROW(nested(cookToom(4, 3), cookToom(2, 3), 9), std::invalid_argument);
  EXPECT_THROW(nested(cookToom(4, 3), cookToom(3, 3), 10), std::invalid_argument);
  BilinearAlgorithm algorithm =
      nested(cookToom(2, 2), nested(cookToom(2, 2), cookToom(2, 2), 4), 8);
  EXPECT_TRUE(algorithm.verify());
  EXPECT_EQ(algorithm.products, 27);
}

TEST(ErrorBound, GrowsWithChannelsAndAxes) {
  BilinearAlgorithm axis = cookToom(4, 3);
  std::vector<BilinearAlgorithm> one{axis}, two{axis, axis};
  EXPECT_LT(errorBound(one, 64, 0x1p-24), errorBound(one, 512, 0x1p-24));
  EXPECT_LT(errorBound(one, 64, 0x1p-24) * axis.errorFactor(), errorBound(two, 64, 0x1p-24));
  EXPECT_TRUE(std::isinf(errorBound(one, 1 << 12, 0x1p-11)));
}

/// The filter's transform by the definition, for two axes of different algorithms.
TEST(TransformFilter, MatchesTheDefinition) {
  std::vector axes{cookToom(2, 3), cookToom(3, 2)};
  std::vector<double> filter(2 * 3 * 3 * 2);
  for (size_t i = 0; i < filter.size(); ++i)
    filter[i] = std::sin(static_cast<double>(i));
  std::vector<double> result = transformFilter(filter, 2, 3, axes);
  ASSERT_EQ(result.size(), 4u * 4 * 2 * 3);
  for (int64_t a = 0; a < 4; ++a)
    for (int64_t b = 0; b < 4; ++b)
      for (int64_t f = 0; f < 6; ++f) {
        double expected = 0;
        for (int64_t k = 0; k < 3; ++k)
          for (int64_t l = 0; l < 2; ++l)
            expected += axes[0].filterTransform(a, k).toDouble() *
                        axes[1].filterTransform(b, l).toDouble() *
                        filter[static_cast<size_t>((f * 3 + k) * 2 + l)];
        EXPECT_NEAR(result[static_cast<size_t>((a * 4 + b) * 6 + f)], expected, 1e-14);
      }
}

TEST(PhaseFilter, SplitsAndPads) {
  // One output, two inputs, 1 x 3 taps, stride 1 x 2: phases are even and odd taps.
  std::vector<double> filter{1, 2, 3, 4, 5, 6};
  std::vector<int64_t> kernel{1, 3}, strides{1, 2};
  EXPECT_EQ(phaseFilter(filter, 1, 2, kernel, strides),
            (std::vector<double>{1, 3, 4, 6, 2, 0, 5, 0}));
}

TEST(PieceFilter, CutsLongAxesOnly) {
  // One output, two inputs, 2 x 8 taps: three pieces of 2 x 3.
  std::vector<double> filter(32);
  std::iota(filter.begin(), filter.end(), 1);
  std::vector<int64_t> kernel{2, 8};
  EXPECT_EQ(
      pieceFilter(filter, 1, 2, kernel,
                  std::vector{splitForWinograd(2, 2), splitForWinograd(2, 8)}),
      (std::vector<double>{1,  2,  3,  9,  10, 11, 17, 18, 19, 25, 26, 27, 4,  5,  6, 12, 13, 14,
                           20, 21, 22, 28, 29, 30, 7,  8,  0,  15, 16, 0,  23, 24, 0, 31, 32, 0}));
}

} // namespace
} // namespace quern::ir
