// Both directions of the analysis against what each element reads, one by one; masks of attention
// row by row against their elements.
#include "passes/causal/Propagate.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"
#include "passes/Model.h"
#include "passes/causal/AdmittedKeys.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/Counterexample.h"
#include "passes/causal/MaskRows.h"
#include "passes/causal/ReceptiveField.h"
#include "passes/causal/StateSizes.h"
#include "tests/causal/LanguageModel.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

namespace quern::passes {
namespace {

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

/// Numbers that agree along axes, or along runs of two, at random.
RankTensor randomTensor(llvm::ArrayRef<int64_t> shape, std::mt19937 &random) {
  llvm::SmallVector<int64_t> extents;
  for (int64_t extent : shape)
    switch (random() % 4) {
    case 0:
      extents.push_back(1);
      break;
    case 1:
      extents.push_back(extent % 2 == 0 ? extent / 2 : extent);
      break;
    default:
      extents.push_back(extent);
    }
  RankTensor tensor(shape, extents, 0);
  for (int32_t &element : tensor.data())
    element = static_cast<int32_t>(random() % 12) - 3;
  for (int32_t &element : tensor.data())
    element = std::max(element, RankTensor::never);
  return tensor;
}

void expectEqual(const RankTensor &found, const std::vector<int32_t> &expected,
                 llvm::ArrayRef<int64_t> shape) {
  ASSERT_EQ(found.shape(), shape);
  size_t at = 0;
  ir::forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index) {
    EXPECT_EQ(found.at(index), expected[at++]) << indexText(index);
  });
}

size_t numberOf(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape) {
  int64_t number = 0;
  for (auto [at, extent] : llvm::zip_equal(index, shape))
    number = number * extent + at;
  return static_cast<size_t>(number);
}

void checkRead(mlir::Operation &op, const Read &read, std::mt19937 &random) {
  llvm::ArrayRef<int64_t> in = shapeOf(op.getOperand(read.operand)), out = shapeOf(op.getResult(0));
  RankTensor operand = randomTensor(in, random), wanted = randomTensor(out, random);
  std::vector<int32_t> gathered(product(out), RankTensor::never),
      scattered(product(in), RankTensor::never);
  ir::forEachIndex(out, [&](llvm::ArrayRef<int64_t> index) {
    forEachRead(read, op.getOperands(), out, index, [&](const ElementRead &element) {
      int32_t &result = gathered[numberOf(index, out)];
      result = std::max(result, operand.at(element.index));
      int32_t &source = scattered[numberOf(element.index, in)];
      source = std::max(source, wanted.at(index));
    });
  });
  expectEqual(gatherMax(read, operand, out), gathered, out);
  expectEqual(scatterMax(read, wanted, in), scattered, in);
}

const char *const layers[] = {
    "conv1d(x, 6, kernel = 3, pad = causal, dilation = 2)",
    "conv1d(x, 4, kernel = 1)",
    "conv1d(x, 4, kernel = 3, stride = 2, pad = 1)",
    "conv1d(x, 4, kernel = 5, pad = 2, groups = 2)",
    "max_pool1d(x, kernel = 2)",
    "pad(x[..., 1.., 2..], [0, 1, 0], [0, 0, 2])",
    "concat([x, x[..., 0..2, 0..8]], 1)",
    "concat([x[..., 3..], x[..., 0..3]], 2)",
    "flip(x, 2)",
    "swap_axes(x, 1, 2) + mean(swap_axes(x, 1, 2), over = 1, keep = true)",
    "reshape(x, [N, 2, 2, 8])",
    "reshape(x, [N, 16, 2])",
    "softmax(x, 2)",
    "linear(x, 5)",
    "masked_linear(reshape(x[..., 0..1, 0..3], [N, 3]), [0, 1, 2], [0, 1, 2, 0, 1])",
    "x * cast(reshape(iota([8]) % 2, [1, 1, 8]), f32)",
    "multi_head_attention(swap_axes(x, 1, 2), swap_axes(x, 1, 2), heads = 2, mask = (i, j) => j <= "
    "i)",
    "multi_head_attention(swap_axes(x, 1, 2), swap_axes(x, 1, 2), heads = 2, mask = (i, j) => i - "
    "j < 3 and j <= i)",
    "multi_head_attention(swap_axes(x, 1, 2), swap_axes(x, 1, 2), heads = 1, mask = (i, j) => j % "
    "3 == i % 3)",
    "contract(contract(x, x, \"nci,ncj->nij\") * cast(iota([8, 8], 0) >= iota([8, 8], 1), f32), x, "
    "\"nij,ncj->nci\")",
    "contract(select(iota([8, 8], 0) % 2 == iota([8, 8], 1) % 2, contract(x, x, \"nci,ncj->nji\"), "
    "0), x, \"nji,ncj->nci\")",
    "resize(x, [13], mode = \"linear\")",
};

class Propagation : public testing::TestWithParam<const char *> {};

TEST_P(Propagation, FollowsWhatEachElementReads) {
  LanguageModel model("model m(x: f32[N = 2, 4, T = 8]) -> tensor[...] {\nreturn " +
                      std::string(GetParam()) + "\n}\n");
  ASSERT_TRUE(model.module);
  std::mt19937 random(1);
  size_t reads = 0;
  modelOf(*model.module).walk([&](mlir::Operation *op) {
    if (op->getNumResults() != 1 || !op->getName().getStringRef().starts_with("quern."))
      return;
    for (const Read &read : readsOf(op))
      for (int round = 0; round < 20; ++round, ++reads)
        checkRead(*op, read, random);
  });
  EXPECT_GT(reads, 0U);
}

INSTANTIATE_TEST_SUITE_P(Layers, Propagation, testing::ValuesIn(layers));

struct MaskCase {
  const char *text;
  /// Whether its rows are few progressions.
  bool isShort = true;
};

const MaskCase masks[] = {
    {"j <= i and i - j < 5"},
    {"i / 16 == j / 16"},
    {"j <= i and (i - j) % 6 == 0", false},
    {"not (j > i) or j < 2"},
    {"abs(i - j) < 3"},
    {"j * 2 <= i"},
    {"max(i - 3, 0) <= j and j <= i"},
    {"j == i or j == i - 7"},
    {"j != i - 2 and j < i"},
    {"j <= i and j % 16 < 9"},
    {"j < 0"},
    {"j <= i and (i - j) % 40 == 0"},
    {"j == 5 or j == i"},
    {"cast(j, f32) * 1.5 <= cast(i, f32)", false},
};

class Masks : public testing::TestWithParam<MaskCase> {};

TEST_P(Masks, AreTheSameByRowsAsByElements) {
  constexpr int64_t places = 64;
  LanguageModel model("model m(x: f32[N = 1, T = 64, 4]) -> f32[N, T, 4] {\n"
                      "return multi_head_attention(x, x, heads = 1, mask = (i, j) => " +
                      std::string(GetParam().text) + ")\n}\n");
  ASSERT_TRUE(model.module);
  size_t found = 0;
  modelOf(*model.module).walk([&](ir::AttentionOp attention) {
    ++found;
    std::optional<RankTensor> elements = constantElements(attention.getMask());
    std::optional<AdmittedKeys> admitted = admittedKeys(attention.getMask());
    ASSERT_TRUE(elements && admitted);
    MaskRows rows(places);
    for (int64_t query = 0; query < places; ++query) {
      EXPECT_EQ(rows.of(attention.getMask(), query).has_value(), GetParam().isShort);
      for (int64_t key = 0; key < places; ++key)
        EXPECT_EQ(admitted->has(query, key), elements->at({query, key}) != 0)
            << query << "," << key;
    }
  });
  EXPECT_EQ(found, 1U);
}

INSTANTIATE_TEST_SUITE_P(All, Masks, testing::ValuesIn(masks));

/// Processor time of what `quern causal` finds out about a causal model of so many `places`, after
/// the lines `text` of its body. It keeps as many values as `states` says.
double secondsOfAnalysis(int64_t places, const std::string &text, int64_t seenAt1000,
                         size_t states) {
  LanguageModel model("model m(x: f32[N = 1, T = " + std::to_string(places) +
                      ", 4]) -> f32[N, T, 4] causal over T {\n" + text + "\n}\n");
  if (!model.module)
    return 0;
  std::clock_t began = std::clock();
  CausalAnalysis analysis = analysed(*model.module);
  EXPECT_TRUE(judge(analysis).isCausal);
  EXPECT_EQ(receptiveField(analysis, {1000}).seenCount(), seenAt1000);
  EXPECT_EQ(stateSizes(analysis).size(), states);
  return static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
}

double secondsOfAttention(int64_t places, const std::string &mask, int64_t seenAt1000) {
  return secondsOfAnalysis(
      places, "return multi_head_attention(x, x, heads = 1, mask = (i, j) => " + mask + ")",
      seenAt1000, 2); // keys and values
}

// Element by element the mask of 2^30 would take minutes.
TEST(LongMasks, TakeSeconds) {
  EXPECT_LT(secondsOfAttention(32768, "j <= i and i - j < 64", 64), 3.0);
}

// Progression by progression, 10^7 of them, they would take half a minute.
TEST(LongMasks, ThatRepeatTakeSeconds) {
  EXPECT_LT(secondsOfAttention(8000, "j <= i and (i - j) % 7 == 0", 143), 3.0);
}

// All elements at once would take as many seconds, and a gigabyte.
TEST(LongMasks, OfFractionsTakeSeconds) {
  EXPECT_LT(secondsOfAttention(8000, "cast(j, f32) * 1.5 <= cast(i, f32)", 668), 3.0);
}

// Of T x T scores, which are values, each is computed with a few times; what a mask hides and what
// a sum reads must not cost more.
TEST(LongScores, UnderAMaskTakeSeconds) {
  double seconds = secondsOfAnalysis(2048, R"(
    d = cast(iota([T, T], 0) - iota([T, T], 1), f32)
    decay = select(d >= 0.0, exp(-0.1 * d), 0.0)
    s = contract(q: linear(x, 4), k: linear(x, 4), "nic,njc->nij") * decay
    return contract(s, v: linear(x, 4), "nij,njc->nic"))",
                                     1001, 4);
  std::printf("%.2f s of processor time\n", seconds);
  EXPECT_LT(seconds, 4.0);
}

} // namespace
} // namespace quern::passes
