// What is chosen is within the budgets on error and workspace, on the weights at hand.
#include "passes/conv/ConvPolicy.h"
#include "passes/conv/ErrorClaims.h"
#include "tests/convs/ConvGrid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
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
  std::vector<double> values(weights.begin(), weights.end());
  return decide(shape, filterView(shape, values), policy);
}

const ConvCandidate &chosen(const ConvDecision &decision) {
  if (const ConvCandidate *candidate = decision.chosen())
    return *candidate;
  ADD_FAILURE() << "what was chosen is no candidate";
  return decision.candidates.front();
}

TEST(Costs, OfDirectCountTheZerosOfItsPaddedCopy) {
  ConvAxis axis = tests::convAxis(14, 3, 100, 100);
  axis.stride = 100;
  axis.out = 3;
  ConvShape shape{.inChannels = 8, .outChannels = 8, .axes = {axis, axis}};
  ConvDecision decision = decideBy(shape, weightsOf(shape, 0), ConvPolicy());
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::implicit_im2col);
}

TEST(WinogradTiles, EachLargerOneSavesProducts) {
  const ConvAlgorithm &winograd = convAlgorithm(ir::ConvAlgorithm::winograd);
  // 14 = 3 tiles of 5, but 4 of 4 and 3 of 6; 9 = 3 of 3, but 3 of 4.
  EXPECT_EQ(winograd.tiles(square(64, 14, 3)),
            (llvm::SmallVector<Tile>{{2, 2}, {3, 3}, {4, 4}, {5, 5}}));
  EXPECT_EQ(winograd.tiles(square(64, 9, 3)), (llvm::SmallVector<Tile>{{2, 2}, {3, 3}, {5, 5}}));
  for (int64_t kernel = 2; kernel <= 7; ++kernel)
    for (int64_t outputs = 2; outputs < 8; ++outputs) {
      bool fits = outputs + kernel - 1 <= 12 || (outputs == 8 && kernel >= 6);
      EXPECT_EQ(winograd.offers(square(64, 60, kernel), {outputs, outputs}), fits);
    }
}

TEST(WinogradTiles, AnyThatIsNamedIsTaken) {
  ConvPolicy policy;
  policy.mode = ConvMode::fixed;
  policy.algorithm = ir::ConvAlgorithm::winograd;
  for (const Tile &tile : {Tile{2, 4}, Tile{1, 6}, Tile{6, 6}, Tile{10, 2}}) {
    policy.tile = tile;
    EXPECT_EQ(decide(square(64, 14, 3), std::nullopt, policy).tile, tile);
  }
  for (const Tile &tile : {Tile{11, 2}, Tile{1, 1}, Tile{4}}) {
    policy.tile = tile;
    EXPECT_EQ(decide(square(64, 14, 3), std::nullopt, policy).algorithm, ir::ConvAlgorithm::direct);
  }
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
        EXPECT_TRUE(!other.error || other.error->max >= 0.5 * candidate.error->max);
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
  EXPECT_EQ(loose.reason, "fastest by the cost model");
  EXPECT_THAT(tight.reason, testing::HasSubstr("of those within the budgets; winograd"));
}

/// What exceeds a budget by no more than claims are raised by is looked at more closely.
TEST(ErrorClaims, NearTheBudgetAreMadeOfMore) {
  ConvShape shape = square(64, 56, 3);
  std::vector<float> drawn = weightsOf(shape, 0);
  std::vector<double> weights(drawn.begin(), drawn.end());
  auto claim = [&](double budget) {
    return ErrorClaims(shape, filterView(shape, weights), {}, budget)
        .of(ir::ConvAlgorithm::winograd, {4, 4})
        .max;
  };
  double first = claim(1);
  EXPECT_EQ(claim(first), first);
  EXPECT_EQ(claim(first / 4), first) << "that no sample would tell to be within the budget";
  EXPECT_LT(claim(0.9 * first), 0.9 * first);
  EXPECT_GT(claim(0.5 * first), 0.5 * first);
}

TEST(ErrorClaims, AreSaidRoundedUp) {
  EXPECT_EQ(claimText(2.01e-6), "2.1e-06");
  EXPECT_EQ(claimText(9.96e-7), "1.0e-06");
  EXPECT_EQ(claimText(std::numeric_limits<double>::infinity()), "inf");
}

/// The error that decide() measures of a variant; infinity where it measures none.
double errorOf(const ConvDecision &decision, ir::ConvAlgorithm algorithm, const Tile &tile) {
  for (const ConvCandidate &candidate : decision.candidates)
    if (candidate.algorithm == algorithm && candidate.tile == tile && candidate.error)
      return candidate.error->max;
  return std::numeric_limits<double>::infinity();
}

/// In each output channel one input channel far larger than the others, and in it one corner: sums
/// of taps, which transforms make, lose the outputs' low digits to it.
std::vector<float> dominated(const ConvShape &shape, std::vector<float> weights) {
  constexpr std::array<float, 9> corner{0, 1e3, 1e3, 1e3, 1e4, 0, 0, 1e4, 1e5};
  auto each = static_cast<size_t>(shape.channelsPerGroup() * shape.taps());
  for (size_t i = 0; i < weights.size(); i += each)
    std::copy(corner.begin(), corner.end(), weights.begin() + static_cast<std::ptrdiff_t>(i));
  return weights;
}

/// A choice that did not look at the weights would be the same for both.
TEST(ErrorBudget, WeightsOfALargeRangeHaveLooseTilesRefused) {
  ConvShape shape = square(16, 56, 3);
  std::vector<float> plain = weightsOf(shape, 0), wide = dominated(shape, plain);
  auto winograd = ir::ConvAlgorithm::winograd;
  // Within no such budget: all are measured.
  ConvDecision ofPlain = decideBy(shape, plain, withinError(1e-12)),
               ofWide = decideBy(shape, wide, withinError(1e-12));
  for (const Tile &loose : {Tile{4, 4}, Tile{6, 6}}) {
    double low = errorOf(ofPlain, winograd, loose), high = errorOf(ofWide, winograd, loose);
    ASSERT_GT(high, 2 * low) << variantText(winograd, loose);
    ConvPolicy between = withinError(std::sqrt(low * high));
    ConvDecision kept = decideBy(shape, plain, between), refused = decideBy(shape, wide, between);
    EXPECT_LE(chosen(kept).error->max, between.maxError.value());
    EXPECT_LE(chosen(refused).error->max, between.maxError.value()) << refused.reason;
    EXPECT_FALSE(refused.algorithm == winograd && refused.tile == loose);
    for (const ConvCandidate &candidate : refused.candidates)
      if (candidate.algorithm == winograd && candidate.tile == loose && candidate.error) {
        EXPECT_NE(candidate.refusal.find("exceeds the budget"), std::string::npos);
      }
  }
  // What the cost model takes for the one it must not take for the other.
  ConvDecision taken = decideBy(shape, plain, withinError(1e-3));
  ASSERT_EQ(taken.algorithm, winograd);
  double budget =
      std::sqrt(errorOf(ofPlain, winograd, taken.tile) * errorOf(ofWide, winograd, taken.tile));
  EXPECT_EQ(decideBy(shape, plain, withinError(budget)).tile, taken.tile);
  EXPECT_NE(decideBy(shape, wide, withinError(budget)).tile, taken.tile);
}

/// Every second output channel a single tap, which no algorithm does harm, but one dominated.
std::vector<float> hidden(const ConvShape &shape, std::vector<float> weights) {
  std::vector<float> wide = dominated(shape, weights);
  auto each = static_cast<size_t>(shape.channelsPerGroup() * shape.taps());
  for (size_t o = 0; o < weights.size() / each; ++o)
    for (size_t i = o * each; i < (o + 1) * each; ++i)
      weights[i] = o == 5 ? wide[i] : o % 2 == 0 ? static_cast<float>(i % each == 4) : weights[i];
  return weights;
}

TEST(ErrorBudget, AChannelIsNotHiddenByOthers) {
  ConvShape shape = square(64, 28, 3);
  std::vector<float> plain = weightsOf(shape, 0);
  ConvPolicy none = withinError(1e-12);
  ConvDecision ofAll = decideBy(shape, dominated(shape, plain), none),
               ofOne = decideBy(shape, hidden(shape, plain), none);
  for (const Tile &tile : {Tile{4, 4}, Tile{6, 6}})
    EXPECT_GT(errorOf(ofOne, ir::ConvAlgorithm::winograd, tile),
              0.3 * errorOf(ofAll, ir::ConvAlgorithm::winograd, tile));
}

/// Spectra of filters are stored divided by the number of samples: the smallest numbers of f32 have
/// few bits left then.
TEST(ErrorBudget, WhatTheSmallestNumbersLoseIsSeen) {
  ConvShape shape = square(16, 28, 3);
  std::vector<float> tiny = weightsOf(shape, 0);
  for (float &weight : tiny)
    weight *= 1e-42F;
  ConvDecision decision = decideBy(shape, tiny, withinError(1e-12));
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
  EXPECT_GT(errorOf(decision, ir::ConvAlgorithm::fft, {16, 16}), 1e-2);
}

TEST(ErrorBudget, OfWeightsThatAreNoNumbersIsKeptByNone) {
  ConvShape shape = square(16, 28, 3);
  for (float none :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> weights = weightsOf(shape, 0);
    weights[100] = none;
    ConvDecision decision = decideBy(shape, weights, ConvPolicy());
    EXPECT_FALSE(decision.hasFiniteWeights);
    EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
    EXPECT_TRUE(std::isinf(chosen(decision).error->max));
  }
}

TEST(ErrorBudget, OfWeightsThatOverflowIsKeptByNone) {
  ConvShape shape = square(16, 28, 3);
  std::vector<float> weights = weightsOf(shape, 0);
  for (float &weight : weights)
    weight *= 1e38F;
  ConvDecision decision = decideBy(shape, weights, ConvPolicy());
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
}

TEST(WorkspaceBudget, IsObeyedByTheEstimate) {
  for (int64_t budget : {int64_t{1} << 16, int64_t{1} << 20, int64_t{1} << 24}) {
    ConvShape shape = square(64, 56, 3);
    ConvDecision decision = decideBy(shape, weightsOf(shape, 0), withinWorkspace(budget));
    const ConvCandidate &candidate = chosen(decision);
    if (decision.fitsWorkspace)
      EXPECT_LE(candidate.cost.workspaceBytes, budget);
    else
      EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
  }
}

TEST(WorkspaceBudget, OfWinogradIsEstimatedByBlocksThatThreadsShare) {
  const ConvAlgorithm &winograd = convAlgorithm(ir::ConvAlgorithm::winograd);
  Machine machine{.lanes = 16, .threads = 1};
  // 49 tiles of 16 products of 64 inputs and as many outputs, of which a thread of four has 13.
  EXPECT_EQ(winograd.cost(square(64, 14, 3), {2, 2}, machine).workspaceBytes,
            13 * 16 * (64 + 64) * 4);
}

/// Estimates are compared only where nobody knows what kernels hold, and kernels are asked for in
/// the order of their times until one fits.
TEST(WorkspaceBudget, IsObeyedByKernels) {
  ConvShape shape = square(64, 56, 3);
  ConvPolicy policy = withinWorkspace(1 << 20);
  std::vector<std::string> asked;
  policy.workspace = [&](const ConvShape &, const ConvCandidate &candidate) {
    asked.push_back(variantText(candidate.algorithm, candidate.tile));
    return std::optional<int64_t>(candidate.tile == Tile{4, 4} ? 1 << 20 : (1 << 20) + 1);
  };
  ConvDecision decision = decideBy(shape, weightsOf(shape, 0), policy);
  EXPECT_EQ(decision.tile, (Tile{4, 4}));
  EXPECT_EQ(chosen(decision).workspaceBytes, 1 << 20);
  EXPECT_EQ(asked.back(), variantText(decision.algorithm, decision.tile));
  policy.workspace = [&](const ConvShape &, const ConvCandidate &) {
    return std::optional<int64_t>((1 << 20) + 1);
  };
  EXPECT_FALSE(decideBy(shape, weightsOf(shape, 0), policy).fitsWorkspace);
}

bool isStrassen(ir::ConvAlgorithm algorithm) {
  return algorithm == ir::ConvAlgorithm::strassen ||
         algorithm == ir::ConvAlgorithm::strassen_winograd;
}

/// Winograd takes these apart into many pieces, each of which is transformed.
TEST(LongFilters, OfFewChannelsGoByFft) {
  ConvAxis line = tests::convAxis(500, 31, 15, 15);
  ConvShape signal{.inChannels = 16, .outChannels = 16, .axes = {line}};
  for (const ConvShape &shape : {signal, square(16, 20, 9), square(16, 56, 9), square(32, 28, 9)})
    EXPECT_EQ(decideBy(shape, weightsOf(shape, 0), ConvPolicy()).algorithm, ir::ConvAlgorithm::fft)
        << shape.text();
}

/// Blocks of tiles that fit a cache, but not with the weights, which each of them reads.
TEST(LongFilters, OfNestedAlgorithmsAreFetchedForEachBlock) {
  Machine machine{.lanes = 16,
                  .threads = 1,
                  .l2Bytes = 1 << 20,
                  .flopsPerNanosecond = 150,
                  .bytesPerNanosecond = 12};
  ConvShape shape = square(16, 56, 9);
  auto cost = [&](ir::ConvAlgorithm kind, const Tile &tile) {
    return convAlgorithm(kind).cost(shape, tile, machine).microseconds;
  };
  double small = cost(ir::ConvAlgorithm::winograd, {12, 12});
  EXPECT_GT(small, cost(ir::ConvAlgorithm::fft, {36, 36}));
  machine.l2Bytes *= 4;
  EXPECT_GT(small, 1.3 * cost(ir::ConvAlgorithm::winograd, {12, 12}));
}

TEST(NarrowLayers, AreServedByWinogradButNotChosen) {
  ConvShape image = square(3, 56, 3);
  image.outChannels = 64;
  for (const ConvShape &shape : {image, square(64, 28, 3, 64)}) {
    EXPECT_EQ(convAlgorithm(ir::ConvAlgorithm::winograd).refusal(shape), "");
    EXPECT_EQ(decideBy(shape, weightsOf(shape, 0), ConvPolicy()).algorithm,
              ir::ConvAlgorithm::direct)
        << shape.text();
  }
}

TEST(Strassen, IsForLargeProductsOnly) {
  for (auto [channels, size, expected] :
       {std::tuple(1536, 48, true), std::tuple(64, 56, false), std::tuple(512, 7, false)}) {
    ConvShape shape = square(channels, size, 1);
    ConvDecision decision = decideBy(shape, weightsOf(shape, 0), ConvPolicy());
    EXPECT_EQ(isStrassen(decision.algorithm), expected) << shape.text();
  }
}

TEST(Strassen, IsNotChosenBeyondTheBudgetOnErrors) {
  ConvShape shape = square(1536, 48, 1);
  ConvDecision decision = decideBy(shape, weightsOf(shape, 0), withinError(1e-12));
  EXPECT_NE(decision.reason.find("the least error"), std::string::npos) << decision.reason;
  EXPECT_FALSE(isStrassen(decision.algorithm));
}

} // namespace
} // namespace quern::passes
