// Filters that come apart are seen in the weights, in every way that they do, and no others.
#include "passes/conv/ConvPolicy.h"
#include "tests/convs/ConvGrid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace quern::passes {
namespace {

ConvShape square(int64_t channels, int64_t size, int64_t kernel, int64_t groups = 1) {
  ConvAxis axis = tests::convAxis(size, kernel, kernel / 2, kernel / 2);
  return {.inChannels = channels, .outChannels = channels, .groups = groups, .axes = {axis, axis}};
}

std::vector<double> drawnWeights(const ConvShape &shape) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> weights(static_cast<size_t>(shape.filterBytes() / bytesOf(shape.element)));
  for (double &weight : weights)
    weight = normal(random);
  return weights;
}

/// By weights as they are stored.
ConvDecision decideAs(const ConvPolicy &policy, const ConvShape &shape,
                      std::vector<double> weights) {
  for (double &weight : weights)
    weight = roundTo(shape.element, weight);
  return decide(shape, filterView(shape, weights), policy);
}

ConvDecision decideBy(const ConvShape &shape, const std::vector<double> &weights) {
  ConvPolicy policy;
  policy.mode = ConvMode::automatic;
  return decideAs(policy, shape, weights);
}

ConvDecision decideSeparable(const ConvShape &shape, const std::vector<double> &weights) {
  ConvPolicy policy;
  policy.mode = ConvMode::fixed;
  policy.algorithm = ir::ConvAlgorithm::separable;
  return decideAs(policy, shape, weights);
}

/// A Gaussian blur of each channel, wider from channel to channel.
std::vector<double> blurs(int64_t channels, int64_t taps) {
  std::vector<double> weights;
  for (int64_t c = 0; c < channels; ++c) {
    double sigma = 0.5 + 0.05 * static_cast<double>(c);
    auto tap = [&](int64_t k) {
      auto distance = static_cast<double>(k - taps / 2);
      return std::exp(-distance * distance / (2 * sigma * sigma));
    };
    for (int64_t y = 0; y < taps; ++y)
      for (int64_t x = 0; x < taps; ++x)
        weights.push_back(tap(y) * tap(x));
  }
  return weights;
}

/// Whether the variants by shared lines are refused for not being products.
void expectNoProducts(const ConvDecision &decision) {
  for (const ConvCandidate &candidate : decision.candidates)
    if (candidate.algorithm == ir::ConvAlgorithm::separable && candidate.tile.size() == 2) {
      EXPECT_NE(candidate.refusal.find("not products"), std::string::npos) << candidate.refusal;
    }
}

TEST(Separable, IsChosenForBlursAndForNothingThatOnlyLooksLikeOne) {
  ConvShape shape = square(32, 56, 7, 32);
  std::vector<double> weights = blurs(32, 7);
  ConvDecision ofBlurs = decideBy(shape, weights), ofOthers = decideBy(shape, drawnWeights(shape));
  EXPECT_EQ(ofBlurs.algorithm, ir::ConvAlgorithm::separable);
  EXPECT_EQ(ofBlurs.tile.size(), 2U);
  EXPECT_NE(ofOthers.algorithm, ir::ConvAlgorithm::separable);
  expectNoProducts(ofOthers);
  weights[24] *= 1.001; // the middle of the first filter
  ConvDecision ofOneTap = decideBy(shape, weights);
  expectNoProducts(ofOneTap);
  if (ofOneTap.algorithm == ir::ConvAlgorithm::separable) {
    EXPECT_EQ(ofOneTap.tile.back(), 2); // two lines of each channel
  }
}

/// Roundings that filters were stored with do not hide that they come apart; what a type tells is
/// told.
TEST(Separable, FiltersOfEveryTypeAreSeenAsTheyAreStored) {
  for (ConvElement element :
       {ConvElement::f16, ConvElement::bf16, ConvElement::f32, ConvElement::f64}) {
    ConvShape shape = square(32, 56, 7, 32);
    shape.element = element;
    ConvDecision decision = decideSeparable(shape, blurs(32, 7));
    EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::separable) << decision.reason;
    // Factors that are stored in f16 may miss the filter by about the usual budget.
    ConvPolicy policy;
    policy.mode = ConvMode::automatic;
    policy.maxError = usualMaxError(element) * (element == ConvElement::f16 ? 2 : 1);
    EXPECT_LE(decision.chosen()->error->max, *policy.maxError) << text(element).str();
    EXPECT_EQ(decideAs(policy, shape, blurs(32, 7)).algorithm, ir::ConvAlgorithm::separable)
        << text(element).str();
    expectNoProducts(decideSeparable(shape, drawnWeights(shape)));
  }
  ConvShape wide = square(32, 56, 7, 32);
  wide.element = ConvElement::f64;
  std::vector<double> rounded = blurs(32, 7);
  for (double &weight : rounded)
    weight = roundTo(ConvElement::f32, weight);
  expectNoProducts(decideSeparable(wide, rounded));
  EXPECT_LE(decideSeparable(wide, blurs(32, 7)).chosen()->error->max, 1e-14);
}

/// Lines of fewer channels than a vector holds are made number by number, which costs more than
/// direct convolution of few taps does.
TEST(Separable, NarrowLinesAreNoBargain) {
  ConvPolicy policy;
  policy.mode = ConvMode::automatic;
  policy.machine = {.lanes = 16,
                    .threads = 1,
                    .l2Bytes = 1 << 20,
                    .flopsPerNanosecond = 150,
                    .bytesPerNanosecond = 12};
  ConvShape narrow = square(8, 128, 7, 8), wide = square(128, 28, 7, 128);
  EXPECT_NE(decideAs(policy, narrow, blurs(8, 7)).algorithm, ir::ConvAlgorithm::separable);
  EXPECT_EQ(decideAs(policy, wide, blurs(128, 7)).algorithm, ir::ConvAlgorithm::separable);
}

TEST(Separable, IsNotChosenWithoutWeights) {
  ConvPolicy policy;
  policy.mode = ConvMode::automatic;
  ConvDecision decision = decide(square(32, 56, 7, 32), std::nullopt, policy);
  EXPECT_NE(decision.algorithm, ir::ConvAlgorithm::separable);
}

/// Dense filters that share the row of each input channel.
TEST(Separable, SharedRowsOfDenseFiltersAreFound) {
  ConvShape shape = square(16, 40, 5);
  std::vector<double> drawn = drawnWeights(shape), weights = drawn;
  for (size_t filter = 0; filter < 16 * 16; ++filter)
    for (size_t tap = 0; tap < 25; ++tap)
      weights[filter * 25 + tap] = drawn[filter * 25 + tap / 5] * drawn[filter % 16 * 25 + tap % 5];
  ConvDecision decision = decideSeparable(shape, weights);
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::separable);
  EXPECT_EQ(decision.tile, (Tile{1, 5}));
}

/// Each filter a product of two drawn lines, none of which others share.
std::vector<double> productsApart(const ConvShape &shape) {
  std::vector<double> drawn = drawnWeights(shape), weights = drawn;
  auto taps = static_cast<size_t>(shape.taps()), width = static_cast<size_t>(shape.axes[1].kernel);
  for (size_t first = 0; first < weights.size(); first += taps)
    for (size_t tap = 0; tap < taps; ++tap)
      weights[first + tap] = drawn[first + tap / width] * drawn[first + width + tap % width];
  return weights;
}

/// Every filter the sum of the first two of all, by weights of its own: two lines of each input.
std::vector<double> sumsOfTwo(const ConvShape &shape) {
  std::vector<double> drawn = drawnWeights(shape), weights = drawn;
  auto taps = static_cast<size_t>(shape.taps()), width = static_cast<size_t>(shape.axes[1].kernel),
       inputs = static_cast<size_t>(shape.channelsPerGroup()), each = inputs * taps;
  for (size_t o = 0; o < static_cast<size_t>(shape.outChannels); ++o)
    for (size_t k = 0; k < each; ++k) {
      size_t input = k / taps * taps, y = k % taps / width, x = k % width;
      weights[o * each + k] = drawn[o * each + y] * drawn[input + x] +
                              drawn[o * each + width + y] * drawn[input + width + x];
    }
  return weights;
}

TEST(Separable, LinesThatAreNotSharedAreSaidToBeSo) {
  ConvShape shape = square(16, 40, 3);
  ConvDecision decision = decideSeparable(shape, productsApart(shape));
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
  // 24 channels would multiply by 24 * (16 * 3 + 16 * 3) weights, as many as direct's 16 * 16 * 9.
  for (const char *part : {"each filter is a product of two lines", "more than 23 channels",
                           "2304 multiplications or more, of which direct convolution has 2304"})
    EXPECT_NE(decision.reason.find(part), std::string::npos) << decision.reason;
}

TEST(Separable, FewLinesOfAllFiltersMakeTwoConvolutions) {
  ConvShape shape = square(16, 40, 5);
  ConvDecision decision = decideSeparable(shape, sumsOfTwo(shape));
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::separable);
  EXPECT_EQ(decision.tile, (Tile{1, 5, 2}));
  EXPECT_LT(decision.chosen()->error->max, 5e-6);
}

/// Winograd would have to transform what two channels do without.
TEST(Separable, TwoConvolutionsAreChosenByTheCostModel) {
  ConvShape shape = square(64, 56, 5);
  EXPECT_EQ(decideBy(shape, sumsOfTwo(shape)).algorithm, ir::ConvAlgorithm::separable);
}

TEST(Separable, FiltersOfOneInputEachNeedShareNothing) {
  ConvShape shape = square(16, 40, 3, 16);
  shape.outChannels = 32;
  ConvDecision decision = decideSeparable(shape, productsApart(shape));
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::separable) << decision.reason;
  ASSERT_EQ(decision.tile.size(), 3U);
  EXPECT_EQ(decision.tile.back(), 1);
}

/// In groups of several channels, of which each shares lines of its own.
TEST(Separable, GroupsHaveLinesOfTheirOwn) {
  ConvShape shape = square(16, 40, 5, 4), group = square(4, 40, 5);
  std::vector<double> weights;
  for (int64_t g = 0; g < 4; ++g)
    for (double weight : sumsOfTwo(group))
      weights.push_back(weight * static_cast<double>(1 + g));
  EXPECT_EQ(decideSeparable(shape, weights).tile, (Tile{1, 5, 2}));
  weights[3] += 1;
  ConvDecision decision = decideSeparable(shape, weights);
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::separable);
  EXPECT_EQ(decision.tile.back(), 3);
}

/// Of three axes the outermost: its line for each input, times a plane of each filter's own.
TEST(Separable, LinesThroughVolumesAreFound) {
  ConvShape shape = square(8, 12, 3);
  shape.axes.push_back(shape.axes.front());
  std::vector<double> drawn = drawnWeights(shape), weights = drawn;
  for (size_t filter = 0; filter < 8 * 8; ++filter)
    for (size_t tap = 0; tap < 27; ++tap)
      weights[filter * 27 + tap] = drawn[filter * 27 + tap % 9] * drawn[filter % 8 * 27 + tap / 9];
  ConvDecision decision = decideSeparable(shape, weights);
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::separable) << decision.reason;
  EXPECT_EQ(decision.tile, (Tile{3, 1, 1}));
  EXPECT_LT(decision.chosen()->error->max, 5e-6);
}

TEST(Separable, FilterWhoseLinesAreTooManyIsLeftToOthers) {
  ConvShape shape = square(16, 40, 3);
  ConvDecision decision = decideSeparable(shape, drawnWeights(shape));
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
  EXPECT_NE(decision.reason.find("its filters are not products of two lines: "), std::string::npos)
      << decision.reason;
}

} // namespace
} // namespace quern::passes
