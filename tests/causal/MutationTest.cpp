// Masks that were tampered with are caught: one tap more in a convolution, one entry more in a
// masked layer, one key more in an attention, one shift too short, also in what recurs. Whether a
// model leaks then is told by perturbing it; that it does must be reported, with the op and the
// tap.
#include "tests/causal/Mutation.h"

#include "passes/Model.h"
#include "tests/causal/LanguageModel.h"
#include "tests/causal/Perturbation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quern::passes {
namespace {

struct CausalText {
  const char *name;
  const char *text;
};

void PrintTo(const CausalText &model, std::ostream *out) { *out << model.name; }

const CausalText models[] = {
    {"pixelcnn", R"(
model pixelcnn(x: f32[1, 1, H = 4, W = 5]) -> f32[1, 2, H, W] strictly causal over (H, W) {
    y = tanh(first: masked_conv2d(x, 3, kernel = 3, type = "A"))
    y = tanh(second: masked_conv2d(y, 3, kernel = 3))
    return last: masked_conv2d(y, 2, kernel = 1)
}
)"},
    {"colours", R"(
model colours(x: f32[1, C = 3, H = 3, W = 3]) -> f32[1, C * 2, H, W] strictly causal over (H, W, C) {
    y = tanh(first: masked_conv2d(x, 6, kernel = 3, type = "A", colours = 3))
    y = tanh(second: masked_conv2d(y, 6, kernel = 3, colours = 3))
    return last: masked_conv2d(y, 6, kernel = 1, colours = 3)
}
)"},
    {"stacks", R"(
model stacks(x: f32[1, 1, H = 4, W = 4]) -> f32[1, 2, H, W] strictly causal over (H, W) {
    v = tanh(rows: masked_conv2d(x, 2, kernel = 3))
    h = tanh(row: masked_conv2d(x, 2, kernel = (1, 3), type = "A"))
    return tanh(h + (link: conv2d(shift_down(v), 2, kernel = 1)))
}
)"},
    {"dilated", R"(
model dilated(x: f32[1, 2, T = 10]) -> f32[1, 2, T] causal over T {
    y = tanh(first: conv1d(x, 3, kernel = 2, pad = causal))
    y = y + tanh(second: conv1d(y, 3, kernel = 2, dilation = 2, pad = causal))
    return last: conv1d(y, 2, kernel = 2, dilation = 4, pad = causal)
}
)"},
    {"made", R"(
model made(x: f32[2, D = 4]) -> f32[2, D] strictly causal over D {
    y = tanh(first: masked_linear(x, [0, 1, 2, 3], [0, 1, 2, 0, 1, 2]))
    return last: masked_linear(y, [0, 1, 2, 0, 1, 2], [0, 1, 2, 3], strict = true)
}
)"},
    {"diagonal", R"(
module skew(x: f32[N, C, H, W]) {
    wide = reshape(pad(x, [0, 0, 0, 0], [0, 0, 0, H]), [N, C, H * (W + H)])
    return reshape(wide[..., ..H * (W + H - 1)], [N, C, H, W + H - 1])
}
module unskew(x: f32[N, C, H, D]) {
    wide = pad(reshape(x, [N, C, H * D]), [0, 0, 0], [0, 0, H])
    return reshape(wide, [N, C, H, D + 1])[..., ..D + 1 - H]
}
module Diagonals(x: f32[N, C, H, W], hidden: int) {
    zeros = full([N, hidden, H], 0)
    cell = (diagonal, h) => tanh(diagonal + (state: conv1d(h, hidden, kernel = 2, pad = causal)))
    return unskew(scan(cell, skew(input: masked_conv2d(x, hidden, kernel = 1)), zeros, over = W))
}
model diagonal(x: f32[1, 1, H = 3, W = 3]) -> f32[1, 2, H, W] strictly causal over (H, W) {
    y = tanh(first: masked_conv2d(x, 2, kernel = 3, type = "A"))
    return (left: Diagonals(y, 2)) + shift_down(flip(right: Diagonals(flip(y, W), 2), W))
}
)"},
    {"gated", R"(
model gated(x: f32[1, T = 5, 2]) -> f32[1, T, 3] strictly causal over T {
    return recurrence: gru(slice(late: pad(x, [0, 1, 0], [0, 0, 0]), [0, 0, 0], [1, T, 2], [1, 1, 1]), 3)
}
)"},
    {"written", R"(
model written(x: f32[1, T = 5, 3]) -> f32[1, T, 3] causal over T {
    y = swap_axes(first: conv1d(swap_axes(x, 1, 2), 3, kernel = 2, pad = causal), 1, 2)
    sees = iota([T, T], 0) >= iota([T, T], 1)
    s = select(sees, contract(y, y, "nic,njc->nij"), full([T, T], -1e9))
    y = contract(softmax(s, -1), y, "nij,njc->nic")
    s = contract(y, y, "nic,njc->nij") + select(sees, full([T, T], 0), full([T, T], -1e9))
    return contract(softmax(s, -1), y, "nij,njc->nic")
}
)"},
    {"retention", R"(
model retention(x: f32[1, T = 5, 3]) -> f32[1, T, 3] causal over T {
    d = cast(iota([T, T], 0) - iota([T, T], 1), f32)
    decay = select(d >= 0.0, exp(-0.1 * d), 0.0)
    s = contract(q: linear(x, 3), k: linear(x, 3), "nic,njc->nij") * decay
    return seen: contract(s, v: linear(x, 3), "nij,njc->nic")
}
)"},
    {"onehot", R"(
model onehot(x: f32[1, T = 5, 3]) -> f32[1, T, 3] strictly causal over T {
    past = x[..., ..T - 1, ..]
    g = sigmoid(g: linear(past, T))
    g = g * cast(iota([T - 1, T], 0) < iota([T - 1, T], 1), f32)
    return seen: contract(g, past, "nji,njc->nic")
}
)"},
    {"chosen", R"(
model chosen(x: f32[1, T = 5, 3]) -> f32[1, T, 3] causal over T {
    s = contract(q: linear(x, 3), k: linear(x, 3), "nic,njc->nij")
    s = tanh(select(iota([T, T], 0) >= iota([T, T], 1), s, 0.0)) / (1.0 + abs(x[..., ..1]))
    return seen: contract(reshape(s, [T, T]), x, "ij,njc->nic")
}
)"},
    {"limited", R"(
model limited(x: f32[1, T = 5, 3]) -> f32[1, T, 3] causal over T {
    sees = cast(iota([T, T], 0) >= iota([T, T], 1), f32)
    s = contract(q: linear(x, 3), k: linear(x, 3), "nic,njc->nij") * sees
    s = clamp(s, -100.0, 100.0)
    return seen: contract(select(s > 200.0, 1.0, s), v: linear(x, 3), "nij,njc->nic")
}
)"},
    {"joined", R"(
model joined(x: f32[1, T = 4, 3]) -> f32[1, T, 3] causal over T {
    sees = cast(iota([T, T], 0) >= iota([T, T], 1), f32)
    s = contract(q: linear(x, 3), k: linear(x, 3), "nic,njc->nij") * sees
    w = concat([v: linear(x, 3), u: linear(x, 3)], 1)
    s = concat([s, tanh(s)], 2)
    return seen: contract(pad(s, [0, 0, 0], [0, 0, 1]), pad(w, [0, 0, 0], [0, 1, 0], 0.5), "nij,njc->nic")
}
)"},
    {"talking", R"(
model talking(x: f32[1, T = 4, 4]) -> f32[1, T, 4] causal over T {
    q = reshape(q: linear(x, 4), [1, T, 2, 2])
    k = reshape(k: linear(x, 4), [1, T, 2, 2])
    s = select(iota([T, T], 0) >= iota([T, T], 1), contract(q, k, "nihc,njhc->nhij"), -1e9)
    w = contract(param("mix", [2, 2]), softmax(s, -1), "gh,nhij->ngij")
    y = seen: contract(w, reshape(v: linear(x, 4), [1, T, 2, 2]), "ngij,njgc->nigc")
    return reshape(y, [1, T, 4])
}
)"},
    {"permuted", R"(
model permuted(x: f32[2, D = 4]) -> f32[2, D] strictly causal over D by [2, 0, 3, 1] {
    y = tanh(first: masked_linear(x, [2, 0, 3, 1], [0, 1, 2, 0, 1, 2]))
    return last: masked_linear(y, [0, 1, 2, 0, 1, 2], [2, 0, 3, 1], strict = true)
}
)"},
    {"attentive", R"(
model attentive(x: f32[1, T = 5, 4]) -> f32[1, T, 4] causal over T {
    return mix: multi_head_attention(x, x, heads = 2, mask = (i, j) => j <= i)
}
)"},
};

Parameters genericParameters(mlir::ModuleOp module) {
  Parameters parameters;
  module.walk([&](ir::ParameterOp op) {
    reference::Tensor tensor(tensorType(op).getShape().vec());
    double phase = static_cast<double>(parameters.size()) * 0.7;
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor.values[i] = 0.6 * std::sin(phase + 1.9 * static_cast<double>(i + 1));
    parameters.emplace(op.getKey().str(), tensor);
  });
  return parameters;
}

class Mutations : public testing::TestWithParam<CausalText> {};

TEST_P(Mutations, AreCaughtWithOpAndTap) {
  LanguageModel model(GetParam().text);
  ASSERT_TRUE(model.module);
  CausalAnalysis original = analysed(*model.module);
  ASSERT_TRUE(judge(original).isCausal);
  expectSameDependence(original,
                       perturb(*model.module, genericParameters(*model.module), original));

  size_t leaks = 0;
  for (const Mutant &mutant : mutate(*model.module, Entries::all)) {
    CausalAnalysis analysis = analysed(*mutant.module);
    expectSameDependence(analysis,
                         perturb(*mutant.module, genericParameters(*mutant.module), analysis));
    ASSERT_FALSE(HasFailure()) << mutant.text();
    Verdict verdict = judge(analysis);
    if (verdict.isCausal)
      continue;
    ++leaks;
    Counterexample found = findCounterexample(analysis, verdict);
    EXPECT_TRUE(llvm::any_of(found.steps, [&](const PathStep &step) { return mutant.is(step); }))
        << mutant.text();
    const PathStep &blamed = found.steps[found.blamed];
    EXPECT_TRUE(!mutant.isCertain || mutant.is(blamed))
        << mutant.text() << " blamed on " << blamed.text();
  }
  EXPECT_GT(leaks, 0U);
}

INSTANTIATE_TEST_SUITE_P(Models, Mutations, testing::ValuesIn(models),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace quern::passes
