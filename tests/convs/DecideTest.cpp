// What is chosen is within the budgets on error and workspace, on the weights at hand.
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

/// Normal weights, each times 2^k for a random k below `binades`.
std::vector<float> weightsOf(const ConvShape &shape, int binades) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> weights(static_cast<size_t>(shape.filterBytes() / 4));
  for (float &weight : weights)
    weight = std::ldexp(normal(random), binades > 0 ? static_cast<int>(random() % binades) : 0);
  return weights;
}

ConvPolicy withinError(double budget) {
  ConvPolicy policy;
  policy.maxError = budget;
  return policy;
}

ConvPolicy withinWorkspace(int64_t budget) {
  ConvPolicy policy;
  policy.maxWorkspace = budget;
  return policy;
}

ConvDecision decideBy(const ConvShape &shape, const std::vector<float> &weights,
                      ConvPolicy policy) {
  policy.mode = ConvMode::automatic;
  return decide(shape, FilterView{weights, shape.outChannels, shape.channelsPerGroup()}, policy);
}

const ConvCandidate &chosen(const ConvDecision &decision) {
  for (const ConvCandidate &candidate : decision.candidates)
    if (candidate.algorithm == decision.algorithm && candidate.tile == decision.tile)
      return candidate;
  ADD_FAILURE() << "what was chosen is no candidate";
  return decision.candidates.front();
}

TEST(ErrorBudget, NothingLooserIsChosen) {
  size_t transformed = 0;
  for (double budget : {1e-3, 1e-6, 3e-7})
    for (const ConvShape &shape : {square(64, 56, 3), square(32, 28, 5)}) {
      ConvDecision decision = decideBy(shape, weightsOf(shape, 0), withinError(budget));
      const ConvCandidate &candidate = chosen(decision);
      ASSERT_TRUE(candidate.error.has_value());
      // Where none is within the budget it is the least error, and says so.
      if (candidate.error->max <= budget) {
        EXPECT_EQ(candidate.refusal, "");
        transformed += candidate.algorithm == ir::ConvAlgorithm::winograd;
        continue;
      }
      EXPECT_NE(decision.reason.find("the least error"), std::string::npos) << decision.reason;
      for (const ConvCandidate &other : decision.candidates)
        EXPECT_TRUE(!other.error || other.error->max >= candidate.error->max);
    }
  EXPECT_GE(transformed, 2U) << "the default budget lets transforms be chosen";
}

TEST(ErrorBudget, TightensTheTileAsItShrinks) {
  ConvShape shape = square(64, 56, 3);
  std::vector<float> weights = weightsOf(shape, 0);
  ConvDecision loose = decideBy(shape, weights, withinError(1e-3));
  EXPECT_EQ(loose.algorithm, ir::ConvAlgorithm::winograd);
  ConvDecision tight = decideBy(shape, weights, withinError(1e-6));
  EXPECT_LE(chosen(tight).error->max, 1e-6);
  EXPECT_LT(chosen(tight).error->max, chosen(loose).error->max);
}

/// Weights of which few are large: the transforms mix large and small ones, and lose the small.
TEST(ErrorBudget, WeightsOfALargeRangeHaveLooseTilesRefused) {
  ConvShape shape = square(64, 56, 3);
  std::vector<float> weights = weightsOf(shape, 0);
  auto refusals = [&](const std::vector<float> &of) {
    size_t count = 0;
    ConvDecision decision = decideBy(shape, of, withinError(2e-6));
    for (const ConvCandidate &candidate : decision.candidates)
      count += candidate.refusal.find("exceeds the budget") != std::string::npos;
    EXPECT_TRUE(chosen(decision).error->max <= 2e-6) << decision.reason;
    return count;
  };
  size_t plain = refusals(weights);
  // Each output channel that sums large products which cancel, and otherwise small ones.
  size_t each = weights.size() / 64;
  for (size_t i = 0; i < weights.size(); i += each)
    for (size_t k = 0; k < 9; ++k)
      weights[i + k] = k == 4 ? 1e5F : weights[i + k];
  EXPECT_GE(refusals(weights), plain);
}

TEST(WorkspaceBudget, IsObeyedByTheEstimate) {
  for (int64_t budget : {int64_t{1} << 16, int64_t{1} << 20, int64_t{1} << 24}) {
    ConvShape shape = square(64, 56, 3);
    ConvDecision decision = decideBy(shape, weightsOf(shape, 0), withinWorkspace(budget));
    const ConvCandidate &candidate = chosen(decision);
    if (decision.reason != "none is within the budgets")
      EXPECT_LE(candidate.cost.workspaceBytes, budget);
    else
      EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
  }
}

} // namespace
} // namespace quern::passes
