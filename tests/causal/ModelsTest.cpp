// The causal models of models/: each is proved, small; a read more is blamed where it leaks; large
// ones take less than a second.
#include "passes/Model.h"
#include "passes/causal/ReceptiveField.h"
#include "passes/causal/StateSizes.h"
#include "tests/causal/LanguageModel.h"
#include "tests/causal/Mutation.h"

#include <gtest/gtest.h>

#include <ctime>

namespace quern::passes {
namespace {

struct ModelCase {
  const char *name;
  LanguageModel::Settings settings;
  /// Tells it from others of that name.
  const char *variant = "";
};

void PrintTo(const ModelCase &model, std::ostream *out) { *out << model.name; }

/// Where a model of models/ is.
std::string pathOf(const ModelCase &model) {
  return std::string(QUERN_SOURCE_DIR "/models/") + model.name + ".qn";
}

class CausalModels : public testing::TestWithParam<ModelCase> {};

TEST_P(CausalModels, AreProvedAndTheirMutantsCaught) {
  LanguageModel model(pathOf(GetParam()), GetParam().settings);
  ASSERT_TRUE(model.module);
  CausalAnalysis analysis = analysed(*model.module);
  ASSERT_TRUE(judge(analysis).isCausal);
  size_t leaks = 0;
  std::vector<Mutant> mutants = mutate(*model.module, Entries::fewOfEach);
  for (const Mutant &mutant : mutants) {
    CausalAnalysis changed = analysed(*mutant.module);
    Verdict verdict = judge(changed);
    if (verdict.isCausal)
      continue;
    ++leaks;
    Counterexample found = findCounterexample(changed, verdict);
    EXPECT_TRUE(llvm::any_of(found.steps, [&](const PathStep &step) { return mutant.is(step); }))
        << mutant.text();
    const PathStep &blamed = found.steps[found.blamed];
    EXPECT_TRUE(!mutant.isCertain || mutant.is(blamed))
        << mutant.text() << " blamed on " << blamed.text();
  }
  RecordProperty("mutants", static_cast<int>(mutants.size()));
  RecordProperty("leaks", static_cast<int>(leaks));
  // A scan over the elements alone has neither mask nor window nor shift to tamper with.
  EXPECT_EQ(leaks > 0, std::string_view(GetParam().name) != "char_rnn");
}

const ModelCase smallModels[] = {
    {"any_order", {{"T", "12"}, {"channels", "8"}, {"heads", "2"}, {"layers", "2"}}},
    {"any_order",
     {{"T", "12"},
      {"channels", "8"},
      {"heads", "2"},
      {"layers", "2"},
      {"order", "[7, 3, 11, 0, 5, 9, 1, 10, 4, 8, 2, 6]"}},
     "_permuted"},
    {"char_rnn", {{"T", "9"}, {"hidden", "4"}, {"size", "3"}}},
    {"gated_pixelcnn",
     {{"H", "12"}, {"W", "12"}, {"channels", "4"}, {"layers", "3"}, {"levels", "2"}}},
    {"gpt", {{"T", "12"}, {"channels", "8"}, {"heads", "2"}, {"layers", "2"}}},
    {"made", {{"D", "9"}, {"hidden", "[12, 10]"}}},
    {"made",
     {{"D", "9"}, {"hidden", "[12, 10]"}, {"order", "[4, 7, 0, 8, 2, 6, 1, 5, 3]"}},
     "_permuted"},
    {"multiscale", {{"H", "8"}, {"W", "8"}, {"channels", "4"}, {"layers", "2"}, {"levels", "2"}}},
    {"nade", {{"D", "9"}, {"hidden", "4"}}},
    {"pixel_rnn", {{"H", "6"}, {"W", "6"}, {"hidden", "4"}, {"layers", "2"}, {"levels", "2"}}},
    {"pixel_rnn",
     {{"H", "5"},
      {"W", "6"},
      {"hidden", "4"},
      {"layers", "2"},
      {"levels", "2"},
      {"kind", "DiagonalBiLSTM"}},
     "_diagonal"},
    {"pixelcnn",
     {{"C", "3"}, {"H", "6"}, {"W", "6"}, {"channels", "12"}, {"layers", "2"}, {"levels", "2"}}},
    {"pixelcnn_pp",
     {{"H", "8"}, {"W", "8"}, {"layers", "1"}, {"channels", "4"}, {"components", "1"}}},
    {"pixelsnail",
     {{"H", "6"},
      {"W", "6"},
      {"blocks", "1"},
      {"layers", "1"},
      {"channels", "8"},
      {"components", "1"}}},
    {"temporal_conv", {{"T", "40"}, {"channels", "[4, 4]"}}},
    {"wavenet", {{"T", "48"}, {"residual", "4"}, {"skips", "4"}, {"layers", "5"}, {"levels", "4"}}},
    {"wavenet_conditioned",
     {{"T", "48"}, {"residual", "4"}, {"skips", "4"}, {"layers", "5"}, {"levels", "4"}}},
};

INSTANTIATE_TEST_SUITE_P(Small, CausalModels, testing::ValuesIn(smallModels), [](const auto &info) {
  return std::string(info.param.name) + info.param.variant;
});

class LargeModels : public testing::TestWithParam<ModelCase> {};

// A second each at most (passes/causal/README.md), with room for a slow machine; what is quadratic
// takes minutes.
TEST_P(LargeModels, TakeSeconds) {
  LanguageModel model(pathOf(GetParam()), GetParam().settings);
  ASSERT_TRUE(model.module);
  std::clock_t began = std::clock();
  CausalAnalysis analysis = analysed(*model.module);
  EXPECT_TRUE(judge(analysis).isCausal);
  double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  std::printf("%s: %.3f s of processor time\n", GetParam().name, seconds);
  EXPECT_LT(seconds, 3.0);
  // What is seen and kept takes as long at most.
  began = std::clock();
  EXPECT_GT(receptiveField(analysis, showcasePosition(analysis.positions)).seenCount(), 0);
  EXPECT_FALSE(stateSizes(analysis).empty());
  seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  std::printf("%s: %.3f s for field and states\n", GetParam().name, seconds);
  EXPECT_LT(seconds, 6.0);
}

const ModelCase largeModels[] = {
    {"pixelcnn_pp", {{"H", "64"}, {"W", "64"}}},
    {"wavenet", {{"T", "16384"}}},
    {"wavenet", {{"T", "1000000"}}},
    {"pixelcnn", {{"C", "3"}, {"H", "32"}, {"W", "32"}}},
    {"gpt", {{"T", "16384"}}},
    {"any_order", {{"T", "16384"}}},
    {"char_rnn", {{"T", "300000"}}},
    {"made", {{"D", "3072"}}},
};

INSTANTIATE_TEST_SUITE_P(Large, LargeModels, testing::ValuesIn(largeModels), [](const auto &info) {
  return std::string(info.param.name) + "_" + info.param.settings.front().second;
});

} // namespace
} // namespace quern::passes
