// What brings elements from later positions is blamed wherever it stands, and nothing else on the
// path reads ahead.
#include "ir/SourceLocation.h"
#include "passes/causal/PathRanks.h"
#include "tests/causal/LanguageModel.h"

#include <gtest/gtest.h>

namespace quern::passes {
namespace {

/// Each keeps x: f32[N, T = 8, 4] that, and is causal.
const char *const layers[] = {
    "x = relu(dense: linear(x, 4))",
    "x = swap_axes(before: conv1d(swap_axes(x, 1, 2), 4, kernel = 2, pad = causal), 1, 2)",
    "x = x + (mix: multi_head_attention(x, x, heads = 2, mask = (i, j) => j <= i))",
    "x = swap_axes(own: conv1d(swap_axes(x, 1, 2), 4, kernel = 1), 1, 2)",
    "x = pad(x, [0, 1, 0], [0, 0, 0])[..., ..T, 0..4]",
};

/// Each leads ahead.
const char *const moves[] = {
    "x = flip(x, 1)",
    "x = pad(x[..., 2.., 0..4], [0, 0, 0], [0, 2, 0])",
    "x = concat([x[..., 2.., 0..4], full([N, 2, 4], 0)], 1)",
    "x = swap_axes(reshape(x, [N, 4, T]), 1, 2)",
};

/// A model of all layers after an embedding, with a move before the layer of that number. Every
/// layer has a line of its own, the first the third.
std::string modelText(llvm::StringRef move, size_t before) {
  std::string text = "model m(x: i32[N = 1, T = 8]) -> f32[N, T, 4] causal over T {\n"
                     "x = embedding(x, 5, 4)\n";
  for (auto [at, layer] : llvm::enumerate(layers))
    text += (at == before ? move.str() + "\n" : "") + layer + "\n";
  return text + (before == std::size(layers) ? move.str() + "\n" : "") + "return x\n}\n";
}

class Moves : public testing::TestWithParam<const char *> {};

TEST_P(Moves, AreBlamedWhereverTheyStand) {
  for (size_t before = 0; before <= std::size(layers); ++before) {
    SCOPED_TRACE(before);
    std::string text = modelText(GetParam(), before);
    LanguageModel model(text);
    ASSERT_TRUE(model.module);
    CausalAnalysis analysis = analysed(*model.module);
    Verdict verdict = judge(analysis);
    ASSERT_FALSE(verdict.isCausal);

    Counterexample found = findCounterexample(analysis, verdict);
    std::string place = ir::locationText(found.steps[found.blamed].op->getLoc());
    std::string line = "test.qn:" + std::to_string(before + 3) + ":";
    EXPECT_EQ(place.substr(0, line.size()), line) << text;
    for (auto [at, ranks] : llvm::enumerate(ranksAlong(analysis, found))) {
      const PathStep &step = found.steps[at];
      ASSERT_TRUE(ranks.own && ranks.read) << step.text();
      EXPECT_EQ(*ranks.read > *ranks.own, at == found.blamed) << step.text();
      EXPECT_TRUE(step.moves || ranks.own == ranks.read) << step.text();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Moves, testing::ValuesIn(moves));

} // namespace
} // namespace quern::passes
