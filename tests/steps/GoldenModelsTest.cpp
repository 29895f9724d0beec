// The models of models/ themselves, at small sizes: advanced in chunks they give what the full pass
// gives, draw the same for a seed on any number of threads, and take what `quern causal` says.
#include "tests/steps/Chunks.h"

#include <gtest/gtest.h>

#include <map>

namespace quern::tests {
namespace {

class GoldenSteps : public testing::TestWithParam<StepSource> {};

void expectFullPass(const StepModel &made, double bound = 1e-5) {
  quern_context *context = made.context(2);
  std::mt19937 random(1);
  for (uint64_t most : {uint64_t{1}, uint64_t{5}, made.order.positions}) {
    std::vector<Tensor> inputs = made.inputs(random);
    double error =
        difference(inChunks(made, context, inputs, most, random), made.fullPass(context, inputs));
    EXPECT_TRUE(error <= bound) << "in steps of up to " << most << ": " << error;
  }
  made.api.destroy(context);
}

/// All elements for a seed, after the first where the model must be given that; with the state
/// saved and restored halfway.
Tensor sampled(const StepModel &made, uint32_t threads) {
  quern_context *context = made.context(threads);
  std::mt19937 random(2);
  std::vector<Tensor> inputs = made.inputs(random);
  Tensor elements = made.elements(inputs);
  quern_sequence *sequence = nullptr, *other = nullptr;
  EXPECT_EQ(made.api.begin(context, StepModel::pointers(inputs).data(), &sequence), QUERN_OK);
  EXPECT_EQ(made.api.begin(context, StepModel::pointers(inputs).data(), &other), QUERN_OK);
  uint64_t given = made.order.strict ? 0 : 1, half = made.order.positions / 2;
  EXPECT_EQ(made.api.advance(sequence, 0, given, elements.data(), nullptr), QUERN_OK);
  quern_sample_options options = QUERN_SAMPLE_OPTIONS_DEFAULT;
  options.seed = 7;
  size_t bytes = made.order.input_bytes;
  EXPECT_EQ(made.api.sample(sequence, half - given, &options, elements.data() + given * bytes),
            QUERN_OK)
      << made.api.lastError(context);
  Tensor saved(made.api.bytes(sequence));
  EXPECT_EQ(saved.size(), made.bytesTold());
  EXPECT_EQ(made.api.save(sequence, saved.data(), saved.size()), QUERN_OK);
  EXPECT_EQ(made.api.restore(other, saved.data(), saved.size()), QUERN_OK);
  EXPECT_EQ(
      made.api.sample(other, made.order.positions - half, &options, elements.data() + half * bytes),
      QUERN_OK);
  made.api.end(sequence);
  made.api.end(other);
  made.api.destroy(context);
  return elements;
}

/// By how many elements the steps of a model may exceed its full pass.
double furtherElements(const std::string &name) {
  // Zeros fill up MADE's groups of units; a full pass knows that NADE's sum begins with zeros; the
  // multi-scale model's steps are passes for one position each on the coarsest grid.
  static const std::map<std::string, double> further = {{"made_natural", 96},
                                                        {"made_backwards", 96},
                                                        {"made_shuffled", 96},
                                                        {"nade", 32},
                                                        {"multiscale", 4032}};
  auto found = further.find(name);
  return found == further.end() ? 0 : found->second;
}

TEST_P(GoldenSteps, AgreeWithTheFullPassAndWithThemselves) {
  StepModel made(GetParam());
  ASSERT_TRUE(made.model);
  expectFullPass(made);
  if (made.levels() == 0)
    return;
  Tensor expected = sampled(made, 1);
  for (uint32_t threads : {2u, 3u, 4u})
    EXPECT_EQ(sampled(made, threads), expected) << threads << " threads";
}

/// Fewer they may be: where sums of products are one in steps, or a full pass computes beyond a
/// raster.
TEST_P(GoldenSteps, ComputeEachElementOnceAtMost) {
  StepModel made(GetParam());
  ASSERT_TRUE(made.model);
  EXPECT_GT(made.work().full, 0);
  EXPECT_LE(made.work().steps, made.work().full + furtherElements(GetParam().name));
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenSteps, testing::ValuesIn(goldenModels()),
                         [](const auto &info) { return info.param.name; });

/// A mask of more elements than a table of it would be kept for.
TEST(LongAttention, AgreesWithTheFullPass) {
  StepModel made(StepSource{
      "gpt",
      QUERN_SOURCE_DIR "/models/gpt.qn",
      {{"T", "1100"}, {"vocabulary", "5"}, {"channels", "8"}, {"heads", "2"}, {"layers", "1"}}});
  ASSERT_TRUE(made.model);
  EXPECT_LT(made.bytesTold(), 1100 * 1100);
  expectFullPass(made);
}

/// Sums of 1,280 products in a hundred layers, in another order in steps: each of the two is about
/// half as far from what double precision gives as from the other (README.md).
TEST(WideLayers, AgreeAsFarAsRoundingsDo) {
  StepModel made(
      StepSource{"pixelcnn_pp", QUERN_SOURCE_DIR "/models/pixelcnn_pp.qn", {{"channels", "64"}}});
  ASSERT_TRUE(made.model);
  expectFullPass(made, 2.5e-5);
}

/// Of one row, one column or one pixel: what lies above or beside is padding.
const StepSource thin[] = {
    {"row", QUERN_SOURCE_DIR "/models/pixelcnn.qn", {{"H", "1"}, {"W", "9"}}},
    {"column", QUERN_SOURCE_DIR "/models/pixelcnn.qn", {{"H", "9"}, {"W", "1"}}},
    {"colours", QUERN_SOURCE_DIR "/models/pixelcnn.qn", {{"C", "3"}, {"H", "1"}, {"W", "5"}}},
    {"dot", QUERN_SOURCE_DIR "/models/pixelcnn.qn", {{"C", "3"}, {"H", "1"}, {"W", "1"}}},
    {"gated_row", QUERN_SOURCE_DIR "/models/gated_pixelcnn.qn", {{"H", "1"}, {"W", "9"}}},
    {"gated_column", QUERN_SOURCE_DIR "/models/gated_pixelcnn.qn", {{"H", "9"}, {"W", "1"}}},
};

class ThinImages : public testing::TestWithParam<StepSource> {};

TEST_P(ThinImages, HaveSteps) {
  StepSource source = GetParam();
  for (const char *setting : {"layers", "channels", "levels"})
    source.settings.emplace_back(setting, *setting == 'c' ? "6" : "2");
  StepModel made(source);
  ASSERT_TRUE(made.model);
  expectFullPass(made);
}

INSTANTIATE_TEST_SUITE_P(Images, ThinImages, testing::ValuesIn(thin),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace quern::tests
