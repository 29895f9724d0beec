// What a sample reads of an input that a run of the model was seen to have.
#include "passes/conv/ObservedInput.h"

#include "passes/conv/ConvPolicy.h"
#include "tests/convs/ConvGrid.h"

#include <gtest/gtest.h>

#include <random>

namespace quern::passes {
namespace {

std::vector<float> normalNumbers(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float &value : values)
    value = normal(random);
  return values;
}

/// By the definition, in one dimension: [O][out].
std::vector<double> plainConv(const ConvShape &shape, llvm::ArrayRef<float> input,
                              llvm::ArrayRef<float> filter) {
  const ConvAxis &axis = shape.axes.front();
  int64_t each = shape.channelsPerGroup(), outputsOfGroup = shape.outChannels / shape.groups;
  std::vector<double> result;
  for (int64_t o = 0; o < shape.outChannels; ++o)
    for (int64_t x = 0; x < axis.out; ++x) {
      double sum = 0;
      for (int64_t c = 0; c < each; ++c)
        for (int64_t k = 0; k < axis.kernel; ++k) {
          int64_t at = x * axis.stride + k * axis.dilation - axis.padLow;
          if (at >= 0 && at < axis.in)
            sum += static_cast<double>(
                       input[static_cast<size_t>((o / outputsOfGroup * each + c) * axis.in + at)]) *
                   filter[static_cast<size_t>((o * each + c) * axis.kernel + k)];
        }
      result.push_back(sum);
    }
  return result;
}

/// A sample as long as the output reads the whole padded input: its sums are the convolution's.
void expectWhole(const ConvAxis &axis, int64_t groups) {
  ConvShape shape{.inChannels = 4, .outChannels = 4, .groups = groups, .axes = {axis}};
  std::vector<float> input = normalNumbers(shape.inChannels * axis.in, 1),
                     filter = normalNumbers(shape.outChannels * 4 / groups * axis.kernel, 2);
  // Those of the last group are exposed most.
  std::vector<double> exposures{1, 2, 3, 4};
  std::vector<double> weights(filter.begin(), filter.end());
  SampleConv sample =
      drawSample(shape, filterView(shape, weights), exposures, {8, axis.out}, input);
  std::vector<double> plain = plainConv(shape, input, filter), sums = sample.exact();
  ASSERT_EQ(sample.outputs, 4);
  // The outputs of the group whose input is looked at: the first of the sample.
  for (int64_t o = 0; o < 4 / groups; ++o)
    for (int64_t x = 0; x < axis.out; ++x)
      EXPECT_NEAR(sums[static_cast<size_t>(o * axis.out + x)],
                  plain[static_cast<size_t>((3 - o) * axis.out + x)], 1e-5)
          << "output " << o << " at " << x;
}

TEST(ObservedInput, IsWhatTheConvolutionReads) {
  expectWhole({.in = 9, .out = 9, .kernel = 3, .padLow = 1, .padHigh = 1}, 1);
  expectWhole({.in = 9, .out = 9, .kernel = 3, .padLow = 1, .padHigh = 1}, 2);
}

TEST(ObservedInput, PhasesOfAStrideAreChannels) {
  expectWhole({.in = 9, .out = 5, .kernel = 3, .stride = 2, .padLow = 1, .padHigh = 1}, 1);
  expectWhole({.in = 10, .out = 3, .kernel = 5, .stride = 3, .padLow = 1, .padHigh = 1}, 2);
}

TEST(ObservedInput, IsCutAboutTheLargestElement) {
  ConvAxis axis{.in = 100, .out = 98, .kernel = 3};
  ConvShape shape{.inChannels = 1, .outChannels = 1, .axes = {axis}};
  std::vector<float> input(100, 1);
  input[60] = -7;
  SampleConv sample;
  sample.kernel = {3};
  sample.out = {8};
  auto piece = observedInput(sample, shape, input, 0);
  ASSERT_TRUE(piece);
  ASSERT_EQ(piece->size(), 10u);
  EXPECT_EQ((*piece)[5], -7);
  std::vector<float> zeros(100, 0);
  EXPECT_FALSE(observedInput(sample, shape, zeros, 0));
}

/// A filter that takes the mean away, on an image that is nearly flat: what is left is small beside
/// what transforms add up on the way.
TEST(ObservedInput, DecidesWhatIsWithinTheBudget) {
  ConvAxis axis = tests::convAxis(56, 3, 0, 0);
  ConvShape shape{.inChannels = 64, .outChannels = 64, .axes = {axis, axis}};
  std::vector<float> weights = normalNumbers(int64_t{64} * 64 * 9, 3);
  for (size_t filter = 0; filter < weights.size(); filter += 9) {
    float sum = 0;
    for (size_t tap = 0; tap < 8; ++tap)
      sum += weights[filter + tap];
    weights[filter + 8] = -sum;
  }
  std::vector<float> flat = normalNumbers(int64_t{64} * 56 * 56, 4);
  for (float &value : flat)
    value = 1000 + value;
  ConvPolicy policy;
  policy.mode = ConvMode::automatic;
  policy.maxError = 1e-4;
  std::vector<double> values(weights.begin(), weights.end());
  FilterView filter = filterView(shape, values);
  EXPECT_EQ(decide(shape, filter, policy).tile, Tile({6, 6}));
  EXPECT_EQ(decide(shape, filter, policy, flat).tile, Tile({2, 2}));
}

} // namespace
} // namespace quern::passes
