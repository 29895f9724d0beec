// What types of other widths change: what their errors and costs are, and what is chosen.
#include "passes/conv/ConvPolicy.h"
#include "tests/convs/ConvGrid.h"

#include <gtest/gtest.h>

#include <random>

namespace quern::passes {
namespace {

ConvShape layer(ConvElement element, int64_t kernel = 3) {
  ConvAxis axis = tests::convAxis(56, kernel, kernel / 2, kernel / 2);
  return {.inChannels = 64, .outChannels = 64, .axes = {axis, axis}, .element = element};
}

ConvDecision decideWithin(const ConvShape &shape, std::optional<double> budget) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<double> weights(static_cast<size_t>(64 * 64 * shape.taps()));
  for (double &weight : weights)
    weight = normal(random);
  ConvPolicy policy;
  policy.mode = ConvMode::automatic;
  policy.maxError = budget;
  return decide(shape, filterView(shape, weights), policy);
}

/// What is stored in few bits loses that much by any algorithm.
TEST(ElementTypes, TransformsAreChosenWithinTheUsualBudget) {
  for (ConvElement element :
       {ConvElement::f16, ConvElement::bf16, ConvElement::f32, ConvElement::f64}) {
    ConvDecision decision = decideWithin(layer(element), std::nullopt);
    EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::winograd) << text(element).str();
    ASSERT_TRUE(decision.chosen());
    EXPECT_LE(decision.chosen()->error->max, usualMaxError(element)) << text(element).str();
    EXPECT_GE(decision.chosen()->error->max, storedRoundoff(element)) << text(element).str();
  }
}

TEST(ElementTypes, ABudgetThatIsGivenHoldsForAll) {
  ConvDecision decision = decideWithin(layer(ConvElement::bf16), 1e-3);
  EXPECT_EQ(decision.algorithm, ir::ConvAlgorithm::direct);
  EXPECT_NE(decision.reason.find("none is within 1.0e-03"), std::string::npos) << decision.reason;
}

/// Nothing that single precision loses is lost on the way.
TEST(ElementTypes, DoublePrecisionStaysDouble) {
  ConvShape wide = layer(ConvElement::f64), narrow = layer(ConvElement::f32);
  EXPECT_EQ(decideWithin(wide, 1e-13).algorithm, ir::ConvAlgorithm::winograd);
  for (const ConvAlgorithm *algorithm : convAlgorithms()) {
    if (!algorithm->refusal(wide).empty())
      continue;
    Tile tile = algorithm->tiles(wide).front();
    EXPECT_NEAR(algorithm->errorBound(wide, tile) / algorithm->errorBound(narrow, tile), 0x1p-29,
                0x1p-32)
        << ir::stringifyConvAlgorithm(algorithm->kind()).str();
  }
}

/// Vectors hold half as many, and every number takes twice the memory.
TEST(ElementTypes, CostsOfWiderNumbersAreHigher) {
  ConvShape wide = layer(ConvElement::f64), narrow = layer(ConvElement::f32);
  for (const ConvAlgorithm *algorithm : convAlgorithms()) {
    if (!algorithm->refusal(wide).empty())
      continue;
    Tile tile = algorithm->tiles(wide).front();
    double ratio = algorithm->cost(wide, tile, Machine()).microseconds /
                   algorithm->cost(narrow, tile, Machine()).microseconds;
    EXPECT_GT(ratio, 1.5) << ir::stringifyConvAlgorithm(algorithm->kind()).str();
    EXPECT_LT(ratio, 3) << ir::stringifyConvAlgorithm(algorithm->kind()).str();
  }
}

TEST(ElementTypes, TextsOfConvolutionsAndProductsSayWhich) {
  for (bool isProduct : {false, true}) {
    ConvShape plain = layer(ConvElement::f32, 1), half = layer(ConvElement::f16, 1);
    plain.isProduct = half.isProduct = isProduct;
    EXPECT_EQ(half.text(), plain.text() + " f16");
  }
}

} // namespace
} // namespace quern::passes
