// Samples of each distribution against its probabilities, worked out here.
#include "runtime/Distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace quern::tests {
namespace {

using namespace runtime;

constexpr SampleChoice plain{1, 0, 1};

SequenceEntry order(DistributionKind kind, uint64_t levels, uint64_t parameters,
                    uint32_t components = 1) {
  SequenceEntry entry{};
  entry.distribution = kind;
  entry.levels = levels;
  entry.parameters = parameters;
  entry.parameterStride = 1;
  entry.components = components;
  entry.low = -1;
  entry.high = 1;
  return entry;
}

/// Memory for a draw.
struct Room {
  std::vector<uint32_t> ranks;
  std::vector<float> weights;
  explicit Room(const SequenceEntry &entry) : ranks(roomOf(entry)), weights(roomOf(entry)) {}
  DrawRoom operator()() { return {ranks.data(), weights.data()}; }
};

/// How often each level is drawn at `count` positions.
std::vector<double> frequencies(const SequenceEntry &entry, const std::vector<float> &parameters,
                                const SampleChoice &choice, int count = 200000) {
  std::vector<double> seen(entry.levels);
  Room room(entry);
  for (int position = 0; position < count; ++position) {
    double drawn[3] = {};
    draw(entry, choice, parameters.data(), Draws(7, static_cast<uint64_t>(position), 0), room(),
         drawn);
    seen.at(static_cast<size_t>(drawn[0])) += 1.0 / count;
  }
  return seen;
}

/// Within five standard deviations of every probability.
void expectProbabilities(const std::vector<double> &seen, const std::vector<double> &expected,
                         int count = 200000) {
  ASSERT_EQ(seen.size(), expected.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    double deviation = std::sqrt(expected[i] * (1 - expected[i]) / count);
    EXPECT_LE(std::abs(seen[i] - expected[i]), 5 * deviation + 1e-9) << "level " << i;
  }
}

std::vector<double> softmax(const std::vector<double> &logits) {
  std::vector<double> result;
  for (double logit : logits)
    result.push_back(std::exp(logit));
  double sum = std::accumulate(result.begin(), result.end(), 0.0);
  for (double &value : result)
    value /= sum;
  return result;
}

/// The first test vectors of the authors' Random123 (kat_vectors).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t all = 0xffffffff;
  EXPECT_EQ(philox({all, all, all, all}, {all, all}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Distribution, CategoricalHasItsProbabilities) {
  std::vector<float> logits{0, 1, -2, 2.5f, 0.5f};
  SequenceEntry entry = order(DistributionKind::categorical, 5, 5);
  expectProbabilities(frequencies(entry, logits, plain), softmax({0, 1, -2, 2.5, 0.5}));
  expectProbabilities(frequencies(entry, logits, {0.5, 0, 1}), softmax({0, 2, -4, 5, 1}));
  std::vector<double> greedy = frequencies(entry, logits, {0, 0, 1}, 100);
  EXPECT_NEAR(greedy[3], 1, 1e-9);
}

/// Weights are computed eight at a time: here there are a few more, one far behind the others, one
/// that is impossible.
TEST(Distribution, ManyLevelsHaveTheirProbabilities) {
  std::vector<double> logits;
  for (int level = 0; level < 43; ++level)
    logits.push_back(2 * std::sin(level));
  logits[17] = -60;
  logits[42] = -HUGE_VAL;
  std::vector<float> parameters(logits.begin(), logits.end());
  SequenceEntry entry = order(DistributionKind::categorical, 43, 43);
  expectProbabilities(frequencies(entry, parameters, plain), softmax(logits));
  for (double &logit : logits)
    logit /= 3;
  expectProbabilities(frequencies(entry, parameters, {3, 0, 1}), softmax(logits));
}

TEST(Distribution, AnInfiniteLogitIsCertain) {
  SequenceEntry entry = order(DistributionKind::categorical, 4, 4);
  EXPECT_NEAR(frequencies(entry, {0, 1, HUGE_VALF, -HUGE_VALF}, plain, 100)[2], 1, 1e-9);
  EXPECT_NEAR(frequencies(entry, {0, 1, 1.5f, -2}, {1e-300, 0, 1}, 100)[2], 1, 1e-9);
}

TEST(Distribution, TopKAndTopPKeepTheLikeliest) {
  std::vector<float> logits{0, 1, -2, 2.5f, 0.5f};
  SequenceEntry entry = order(DistributionKind::categorical, 5, 5);
  double left = std::exp(1.0), right = std::exp(2.5);
  expectProbabilities(frequencies(entry, logits, {1, 2, 1}),
                      {0, left / (left + right), 0, right / (left + right), 0});
  // The likeliest has 0.69 of the probability, the two likeliest 0.84.
  expectProbabilities(frequencies(entry, logits, {1, 0, 0.6}), {0, 0, 0, 1, 0});
  expectProbabilities(frequencies(entry, logits, {1, 0, 0.7}),
                      {0, left / (left + right), 0, right / (left + right), 0});
}

TEST(Distribution, ParametersMayLieApart) {
  SequenceEntry entry = order(DistributionKind::categorical, 2, 2);
  entry.parameterStride = 3;
  std::vector<float> parameters{0, 9, 9, 1, -9, -9};
  expectProbabilities(frequencies(entry, parameters, plain), softmax({0, 1}));
}

TEST(Distribution, BernoulliHasItsProbability) {
  SequenceEntry entry = order(DistributionKind::bernoulli, 2, 1);
  double one = 1 / (1 + std::exp(-0.7));
  expectProbabilities(frequencies(entry, {0.7f}, plain), {1 - one, one});
}

/// PixelCNN++'s equation 2: differences of logistic functions half a level to each side, all that
/// lies beyond the ends with the ends.
TEST(Distribution, LogisticMixtureIsDiscretised) {
  SequenceEntry entry = order(DistributionKind::logisticMixture, 8, 6, 2);
  std::vector<float> parameters{0.3f, -0.4f, -0.5f, 0.8f, -1.0f, -2.0f};
  std::vector<double> weights = softmax({0.3, -0.4}), expected;
  auto below = [](double x) { return 1 / (1 + std::exp(-x)); };
  for (int level = 0; level < 8; ++level) {
    double middle = -1 + 2.0 * level / 7, probability = 0;
    for (size_t k = 0; k < 2; ++k) {
      double mean = k == 0 ? -0.5 : static_cast<double>(0.8f),
             scale = std::exp(k == 0 ? -1.0 : -2.0);
      double high = level == 7 ? 1 : below((middle + 1.0 / 7 - mean) / scale);
      double low = level == 0 ? 0 : below((middle - 1.0 / 7 - mean) / scale);
      probability += weights[k] * (high - low);
    }
    expected.push_back(probability);
  }
  expectProbabilities(frequencies(entry, parameters, plain), expected);
}

TEST(Distribution, CoupledChannelsShiftEachOther) {
  SequenceEntry entry = order(DistributionKind::logisticMixture, 256, 10);
  // One component, scales of e^-7: nearly certain values.
  std::vector<float> parameters{0, 0.4f, -7, 0.5f, -0.2f, -7, -1.0f, 0.1f, -7, 0.25f};
  double drawn[3];
  draw(entry, plain, parameters.data(), Draws(1, 2, 3), Room(entry)(), drawn);
  double red = 0.4, green = -0.2 + std::tanh(0.5) * red,
         blue = 0.1 + std::tanh(-1.0) * red + std::tanh(0.25) * green;
  EXPECT_EQ(elementsOf(entry), 3u);
  EXPECT_NEAR(drawn[0], (red + 1) / 2 * 255, 2);
  EXPECT_NEAR(drawn[1], (green + 1) / 2 * 255, 2);
  EXPECT_NEAR(drawn[2], (blue + 1) / 2 * 255, 2);
}

TEST(Distribution, GaussianMixtureHasItsMoments) {
  SequenceEntry entry = order(DistributionKind::gaussianMixture, 0, 6, 2);
  std::vector<float> parameters{0, 1, -2, 3, -0.5f, 0.25f};
  std::vector<double> weights = softmax({0, 1});
  double mean = weights[0] * -2 + weights[1] * 3;
  double square = weights[0] * (4 + std::exp(-1.0)) + weights[1] * (9 + std::exp(0.5));
  double sum = 0, squares = 0;
  constexpr int count = 200000;
  Room room(entry);
  for (int position = 0; position < count; ++position) {
    double drawn = 0;
    draw(entry, plain, parameters.data(), Draws(3, static_cast<uint64_t>(position), 0), room(),
         &drawn);
    sum += drawn / count;
    squares += drawn * drawn / count;
  }
  EXPECT_NEAR(sum, mean, 0.03);
  EXPECT_NEAR(squares, square, 0.15);
}

TEST(Distribution, DrawsDependOnSeedPositionAndRowAlone) {
  auto first = [](uint64_t seed, uint64_t position, uint32_t row) {
    return Draws(seed, position, row).uniform();
  };
  EXPECT_EQ(first(1, 2, 3), first(1, 2, 3));
  EXPECT_NE(first(1, 2, 3), first(2, 2, 3));
  EXPECT_NE(first(1, 2, 3), first(1, 3, 3));
  EXPECT_NE(first(1, 2, 3), first(1, 2, 4));
  EXPECT_NE(first(1, 2, 3), first(1, 2 + (uint64_t{1} << 32), 3));
}

} // namespace
} // namespace quern::tests
