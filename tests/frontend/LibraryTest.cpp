// The standard library: every module of it is called once, and the shapes and parameters are what
// PyTorch's are.
#include "frontend/NameCheck.h"
#include "frontend/Primitives.h"
#include "frontend/Program.h"
#include "tests/frontend/Elaborate.h"

#include <gmock/gmock.h>

namespace quern::frontend {
namespace {

using testing::UnorderedElementsAreArray;
using Shape = std::vector<int64_t>;

struct Case {
  /// Parameters of the model, and the expression it returns.
  const char *signature;
  const char *expression;
  Shape shape;
  std::vector<std::string> parameters = {};
};

const Case cases[] = {
    {"x: f32[2, 6, 9]",
     "conv1d(x, 8, kernel = 3, stride = 2, pad = 1)",
     {2, 8, 5},
     {"weight", "bias"}},
    {"x: f32[2, 6, 9, 9]",
     "conv2d(x, 8, kernel = (3, 5), dilation = 2, groups = 2)",
     {2, 8, 5, 1},
     {"weight", "bias"}},
    {"x: f32[2, 6, 9, 9]",
     "conv2d(x, 8, kernel = 3, stride = 2, pad = same, bias = false)",
     {2, 8, 5, 5},
     {"weight"}},
    {"x: f32[2, 6, 8, 8]",
     "conv2d(x, 8, kernel = 3, pad = [(0, 1), (2, 3)], bias = false)",
     {2, 8, 7, 11},
     {"weight"}},
    {"x: f32[2, 6, 5, 9, 9]", "conv3d(x, 8, kernel = 3)", {2, 8, 3, 7, 7}, {"weight", "bias"}},
    {"x: f32[2, 6, 9, 9]",
     "depthwise_conv2d(x, kernel = 3, multiplier = 2)",
     {2, 12, 7, 7},
     {"weight", "bias"}},
    {"x: f32[2, 6, 9, 9]", "max_pool(x, 3, stride = 2, pad = 1)", {2, 6, 5, 5}},
    {"x: f32[2, 6, 9, 9]", "max_pool2d(x, 2, ceil = true)", {2, 6, 5, 5}},
    {"x: f32[2, 6, 9]", "max_pool1d(x, 2)", {2, 6, 4}},
    {"x: f32[2, 6, 4, 4, 4]", "max_pool3d(x, 2)", {2, 6, 2, 2, 2}},
    {"x: f32[2, 6, 9, 9]", "avg_pool(x, (3, 1), stride = 1, pad = (1, 0))", {2, 6, 9, 9}},
    {"x: f32[2, 6, 9]", "avg_pool1d(x, 3)", {2, 6, 3}},
    {"x: f32[2, 6, 9, 9]", "avg_pool2d(x, 2, ceil = true, count_padding = false)", {2, 6, 5, 5}},
    {"x: f32[2, 6, 4, 4, 4]", "avg_pool3d(x, 2)", {2, 6, 2, 2, 2}},
    {"x: f32[2, 6, 8, 4]", "adaptive_avg_pool(x, (4, 1))", {2, 6, 4, 1}},
    {"x: f32[2, 6, 8, 4]", "global_avg_pool(x)", {2, 6}},
    {"x: f32[2, 6, 8, 4]", "global_max_pool(x)", {2, 6}},
    {"x: f32[2, 6, 8, 4]", "upsample(x, 2, mode = \"linear\")", {2, 6, 16, 8}},
    {"x: f32[2, 6, 8, 4]",
     "batch_norm(x)",
     {2, 6, 8, 4},
     {"weight", "bias", "running_mean", "running_var"}},
    {"x: f32[2, 6]", "batch_norm(x, affine = false)", {2, 6}, {"running_mean", "running_var"}},
    {"x: f32[2, 6, 8]", "layer_norm(x)", {2, 6, 8}, {"weight", "bias"}},
    {"x: f32[2, 6, 8]", "layer_norm(x, axes = 2, bias = false)", {2, 6, 8}, {"weight"}},
    {"x: f32[2, 6, 8]", "rms_norm(x)", {2, 6, 8}, {"weight"}},
    {"x: f32[2, 6, 8, 4]", "group_norm(x, groups = 3)", {2, 6, 8, 4}, {"weight", "bias"}},
    {"x: f32[2, 6, 8, 4]", "instance_norm(x)", {2, 6, 8, 4}},
    {"x: f32[4]", "relu6(x)", {4}},
    {"x: f32[4]", "clamp(x, low = -1, high = 2.5)", {4}},
    {"x: f32[4]", "leaky_relu(x, 0.1)", {4}},
    {"x: f32[2, 4, 3]", "prelu(x, channels = 4)", {2, 4, 3}, {"weight"}},
    {"x: f32[4]", "elu(x)", {4}},
    {"x: f32[4]", "gelu(x)", {4}},
    {"x: f32[4]", "gelu(x, approximate = true)", {4}},
    {"x: f32[4]",
     "silu(x) + swish(x) + softplus(x) + mish(x) + hard_sigmoid(x) + hard_swish(x)",
     {4}},
    {"x: f32[2, 4]", "glu(x)", {2, 2}},
    {"x: f32[2, 4]", "log_softmax(x)", {2, 4}},
    {"x: f32[2, 3, 4]", "linear(x, 5)", {2, 3, 5}, {"weight", "bias"}},
    {"x: i32[2, 3]", "embedding(x, 100, 16)", {2, 3, 16}, {"weight"}},
    {"x: f32[2, 3, 4]", "matmul(x, transpose(x, [0, 2, 1]))", {2, 3, 3}},
    {"x: f32[2, 3, 4, 5]", "sum(x)", {}},
    {"x: f32[2, 3, 4, 5]", "mean(x, over = [H, W])", {2, 3}},
    {"x: f32[2, 3, 4, 5]", "product(x, over = C, keep = true)", {2, 1, 4, 5}},
    {"x: f32[2, 3, 4, 5]", "reduce_max(x, over = (N, -1))", {3, 4}},
    {"x: f32[2, 3, 4]", "reduce_min(x, over = W)", {2, 3}},
    {"x: f32[2, 3, 4]", "variance(x, over = 1)", {2, 4}},
    {"x: f32[2, 3, 4]", "norm(x, over = -1)", {2, 3}},
    {"x: f32[2, 3, 4, 5]", "flatten(x)", {2, 60}},
    {"x: f32[2, 3, 4, 5]", "flatten(x, from = 2)", {2, 3, 20}},
    {"x: f32[2, 1, 4]", "squeeze(x, axis = C)", {2, 4}},
    {"x: f32[2, 4]", "unsqueeze(x, -1) + unsqueeze(x, 2)", {2, 4, 1}},
    {"x: f32[2, 4]", "stack([x, x, x], at = 1)", {2, 3, 4}},
    {"x: f32[2, 3, 4]", "swap_axes(x, 0, -1)", {4, 3, 2}},
    {"x: f32[1, 6, 2, 2]", "channel_shuffle(x, 3)", {1, 6, 2, 2}},
    {"x: f32[1, 8, 2, 2]", "pixel_shuffle(x, 2)", {1, 2, 4, 4}},
    {"x: f32[2, 6, 9]",
     "conv1d(x, 8, kernel = 3, dilation = 2, pad = causal)",
     {2, 8, 9},
     {"weight", "bias"}},
    {"x: f32[2, 3, 4]", "shift(x, axis = 1, by = 2)", {2, 3, 4}},
    {"x: f32[2, 3, 4, 5]", "shift_down(x) + shift_right(x)", {2, 3, 4, 5}},
    {"x: f32[2, 6, 4]", "gated(x)", {2, 3, 4}},
    {"x: f32[2, 6, 4, 5]",
     "masked_conv2d(x, 9, kernel = (3, 5), type = \"A\", colours = 3, dilation = 2)",
     {2, 9, 4, 5},
     {"weight", "bias"}},
    {"x: f32[2, 3]",
     "masked_linear(x, [0, 1, 2], [0, 0, 1, 1], strict = true, bias = false)",
     {2, 4},
     {"weight"}},
    {"x: f32[2, 3, 5, 4]",
     "attention(x, x, x, mask = (i, j) => j <= i and i - j < 2)",
     {2, 3, 5, 4}},
    {"x: f32[2, 3, 3, 4]", "attention(x, x, x, order_mask([2, 0, 1]), scale = 1)", {2, 3, 3, 4}},
    {"x: f32[2, 5, 12]", "join_heads(split_heads(x, 3))", {2, 5, 12}},
    {"x: f32[2, 5, 12], y: f32[2, 7, 6]",
     "multi_head_attention(x, y, heads = 3)",
     {2, 5, 12},
     {"query.weight", "query.bias", "key.weight", "key.bias", "value.weight", "value.bias",
      "out.weight", "out.bias"}},
    {"x: f32[2, 5, 3]",
     "scan(lstm_cell, x, (full([2, 4], 0), full([2, 4], 0)), over = 1)[1]",
     {2, 5, 4},
     {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}},
    {"x: f32[2, 5, 3]",
     "scan((u, h) => gru_cell(u, h, bias = false), x, full([2, 4], 0), over = 1)",
     {2, 5, 4},
     {"weight_ih", "weight_hh"}},
    {"x: f32[2, 3], h: f32[2, 4]",
     "lstm_cell(x, h, h)[0]",
     {2, 4},
     {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}},
    {"x: f32[2, 5, 3]",
     "lstm(x, 4, layers = 2, bias = false)",
     {2, 5, 4},
     {"weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"}},
    {"x: f32[2, 5, 3]",
     "gru(x, 4)",
     {2, 5, 4},
     {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}},
    {"x: f32[2, 3, 4, 5]", "flatten_axes(x, 1, -2)", {2, 12, 5}},
    {"x: f32[2, 3]", "flip(x, axis = 1)", {2, 3}},
    // Primitives.
    {"x: f32[4]",
     "abs(x) + ceil(x) + cos(x) + erf(x) + exp(x) + floor(x) + log(x) + round(x)",
     {4}},
    {"x: f32[4]",
     "rsqrt(x) + sigmoid(x) + sin(x) + sqrt(x) + tanh(x) + relu(x) + max(x, 1) + min(2, x)",
     {4}},
    {"x: f32[4]", "select(x > 0, x, 0)", {4}},
    {"x: f32[4]", "cast(x, i32)", {4}},
    {"x: f32[2, 3], y: f32[3, 5]", "contract(x, y, \"ij,jk->ki\")", {5, 2}},
    {"x: f32[2, 7, 3], y: f32[5, 3]", "contract(x, y, \"...i,oi->...o\")", {2, 7, 5}},
    {"x: f32[3, 2, 3], y: f32[3, 5]", "contract(x, y, \"aba,ac->bc\")", {2, 5}},
    {"x: f32[2, 7, 3, 4], y: f32[2, 7, 4, 5]",
     "contract(x, y, \"...ij,...jk->...ik\")",
     {2, 7, 3, 5}},
    {"x: f32[1, 2, 8]",
     "convolve(x, param(\"w\", [4, 2, 3]), [1], [1], [0], [2], groups = 1)",
     {1, 4, 8},
     {"w"}},
    {"x: f32[1, 2, 8]", "window_reduce(x, \"sum\", [2], [2], [1], [0], [0])", {1, 2, 4}},
    {"x: f32[2, 3]", "reduce(x, \"max\", over = [])", {2, 3}},
    {"x: f32[2, 3]", "softmax(x, axis = N)", {2, 3}},
    {"x: f32[2, 3]", "reshape(x, [3, -1]) + constant([[1, 2], [3, 4], [5, 6]])", {3, 2}},
    {"x: f32[2, 1]", "broadcast(x, [4, 2, 3])", {4, 2, 3}},
    {"x: f32[8, 3]", "slice(x, [1, 0], [3, 2], [2, 1])", {3, 2}},
    {"x: f32[2, 3]", "concat([x, x, full([2, 1], 0)], axis = 1)", {2, 7}},
    {"x: f32[2, 3]", "split(x, [1, 2], axis = C)[1]", {2, 2}},
    {"x: f32[2, 3]", "pad(x, [1, 0], [0, 2], value = -1)", {3, 5}},
    {"x: f32[5, 3], i: i64[2, 2]", "gather(x, i, axis = 0)", {2, 2, 3}},
    {"x: f32[1, 3, 4, 4]", "resize(x, [8, 2], mode = \"linear\", antialias = true)", {1, 3, 8, 2}},
    {"x: i32[4]", "iota([4]) + x", {4}},
    {"x: f32[4]",
     "x * float(len(shape(x)) + len(repeat(1, 3)) + floor_div(7, 2) + ceil_div(7, 2) + rank(x))",
     {4}},
    {"x: f32[4]",
     "if is_list([x]) and is_tensor(x) and is_string(\"\") and element_type(x) == f32 { x + "
     "int(2.5) } else { 0 }",
     {4}},
};

class Library : public testing::TestWithParam<Case> {};

TEST_P(Library, Elaborates) {
  const Case &test = GetParam();
  Compiled model(std::string("model m(") + test.signature + ") {\n    return " + test.expression +
                 "\n}\n");
  ASSERT_TRUE(model.module) << test.expression << "\n" << model.messages;
  EXPECT_EQ(model.messages, "");
  EXPECT_EQ(model.resultShape(), test.shape) << test.expression;
  std::vector<std::string> keys;
  for (const auto &entry : model.parameters())
    keys.push_back(entry.first);
  EXPECT_THAT(keys, UnorderedElementsAreArray(test.parameters)) << test.expression;
}

INSTANTIATE_TEST_SUITE_P(Cases, Library, testing::ValuesIn(cases),
                         [](const auto &info) { return "case" + std::to_string(info.index); });

/// The library's files, parsed.
struct LoadedLibrary {
  LoadedLibrary() { EXPECT_TRUE(program.loadLibrary(libraryPath)) << messages; }
  llvm::SourceMgr sources;
  std::string messages;
  llvm::raw_string_ostream stream{messages};
  Diagnostics diagnostics{sources, stream};
  Program program{diagnostics, {}};
};

TEST(LibraryFiles, EveryPrimitiveIsDeclaredAndHasAMeaning) {
  LoadedLibrary library;
  const SourceFile *user = library.program.loadText("test.qn", "");
  std::vector<std::string> declared;
  for (StringRef name : library.program.visibleNames(*user)) {
    const Definition *definition = library.program.find(*user, name);
    if (definition->callable && definition->callable->kind == Callable::Kind::Primitive)
      declared.push_back(name.str());
  }
  std::vector<std::string> meant;
  for (StringRef name : primitiveNames())
    meant.push_back(name.str());
  EXPECT_THAT(declared, UnorderedElementsAreArray(meant));
}

TEST(LibraryFiles, NamesAndArgumentsAreKnownWhereverTheyStand) {
  LoadedLibrary library;
  auto context = Compiled::makeContext();
  context->loadDialect<ir::QuernDialect>();
  const SourceFile *user = library.program.loadText("test.qn", "");
  std::set<const SourceFile *> files;
  for (StringRef name : library.program.visibleNames(*user))
    files.insert(library.program.find(*user, name)->file);
  EXPECT_GT(files.size(), 5u);
  for (const SourceFile *file : files)
    checkNames(library.program, *file, library.diagnostics, *context);
  EXPECT_EQ(library.messages, "");
}

TEST(LibraryFiles, EveryDefinitionHasACase) {
  LoadedLibrary library;
  const SourceFile *user = library.program.loadText("test.qn", "");
  std::string all;
  for (const Case &test : cases)
    all += std::string(" ") + test.expression;
  // Parts of others, or used around a model rather than in it.
  const std::set<std::string> indirect = {"per_axis",
                                          "padding",
                                          "check_windows",
                                          "per_channel",
                                          "convolution",
                                          "pool",
                                          "standardize",
                                          "all_axes",
                                          "photo",
                                          "labels",
                                          "param",
                                          "text",
                                          "categorical",
                                          "bernoulli",
                                          "logistic_mixture",
                                          "gaussian_mixture",
                                          "raster_mask",
                                          "recurrent_weights",
                                          "lstm_step",
                                          "gru_step",
                                          "attend",
                                          "recur"};
  for (StringRef name : library.program.visibleNames(*user)) {
    const Definition *definition = library.program.find(*user, name);
    if (!definition->callable || indirect.count(name.str()))
      continue;
    EXPECT_NE(all.find(name.str() + "("), std::string::npos)
        << name.str() << " has no case in LibraryTest.cpp";
  }
}

} // namespace
} // namespace quern::frontend
