#include "tests/ops/OpCase.h"

#include <fmt/format.h>

#include <algorithm>

namespace quern::tests {
namespace {

namespace ref = reference;
using List = std::vector<int64_t>;

OpCase reduceCase(const std::string &kind, const List &shape, const List &axes, bool keep,
                  const std::string &element = "f32", const std::string &layout = "") {
  List out;
  for (size_t i = 0; i < shape.size(); ++i)
    if (std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) == axes.end())
      out.push_back(shape[i]);
    else if (keep)
      out.push_back(1);
  OpCase c;
  c.name = fmt::format("reduce {} {} over {}{} {}", kind, typeText(shape, element), listText(axes),
                       keep ? " keep" : "", layout);
  c.text = fmt::format("(%x: {0}) -> {1} {{\n %r = quern.reduce {2} %x over {3} {4}: ({0}) -> "
                       "{1}\n return %r : {1}\n}}",
                       tensorText(shape, element, layout), tensorText(out, element), kind,
                       listText(axes), keep ? "keep true " : "");
  c.meaning = [=](const std::vector<Tensor> &in) { return ref::reduce(in[0], kind, axes, keep); };
  if (element == "i32")
    c.low = -3, c.high = 3;
  if (kind == "prod")
    c.low = 0.8, c.high = 1.25, c.relative = 2e-5;
  return c;
}

OpCase softmaxCase(const List &shape, int64_t axis, const std::string &layout = "") {
  OpCase c;
  c.name = fmt::format("softmax {} over {} {}", typeText(shape, "f32"), axis, layout);
  std::string type = tensorText(shape, "f32", layout);
  c.text = fmt::format(
      "(%x: {0}) -> {0} {{\n %r = quern.softmax %x over {1} : ({0}) -> {0}\n return %r : {0}\n}}",
      type, axis);
  c.meaning = [=](const std::vector<Tensor> &in) { return ref::softmax(in[0], axis); };
  c.low = -30, c.high = 30;
  c.relative = 1e-5, c.ofLargest = 1e-6;
  return c;
}

} // namespace

Cases reduceCases() {
  const std::string last = "[0, 2, 3, 1]";
  Cases cases;
  for (const char *kind : {"sum", "mean", "max", "min", "prod"}) {
    cases.push_back(reduceCase(kind, {1, 48, 7, 7}, {2, 3}, false, "f32", last)); // global pooling
    cases.push_back(reduceCase(kind, {2, 5, 7, 3}, {2, 3}, true));
    cases.push_back(reduceCase(kind, {4, 100}, {1}, false));
    cases.push_back(reduceCase(kind, {40, 6}, {0}, true));
    cases.push_back(reduceCase(kind, {77}, {0}, false));
    cases.push_back(reduceCase(kind, {3, 4, 5}, {0, 2}, false));
  }
  cases.push_back(reduceCase("sum", {2, 3, 4}, {0, 1, 2}, false));
  cases.push_back(reduceCase("sum", {2, 64, 9, 9}, {1}, true, "f32", last));
  cases.push_back(reduceCase("mean", {3, 1, 1}, {1, 2}, false));
  cases.push_back(reduceCase("max", {5, 1}, {1}, true));
  cases.push_back(reduceCase("sum", {1, 1000}, {1}, true));
  cases.push_back(reduceCase("max", {3, 65, 33}, {1}, false));
  for (const char *kind : {"sum", "max", "min"})
    cases.push_back(reduceCase(kind, {6, 50}, {1}, false, "i32"));
  for (const char *kind : {"max", "min"}) {
    OpCase special = reduceCase(kind, {40, 35}, {1}, false);
    special.name += " special", special.special = true, special.onDevice = false;
    cases.push_back(special);
  }
  cases.push_back(softmaxCase({3, 1000}, 1));
  cases.push_back(softmaxCase({10}, 0));
  cases.push_back(softmaxCase({2, 3, 5, 17}, 3));
  cases.push_back(softmaxCase({2, 3, 5, 17}, 1));
  cases.push_back(softmaxCase({2, 40, 3, 4}, 1, last));
  cases.push_back(softmaxCase({5, 1}, 1));
  // The proof of causality takes what is far below the largest for zero (passes/causal/Ranges).
  OpCase apart = softmaxCase({3, 37}, 1);
  apart.name += " far apart", apart.low = -1e9, apart.high = 1e9, apart.ofLargest = 0;
  cases.push_back(apart);
  cases.push_back(softmaxCase({6, 33}, 0));
  return cases;
}

} // namespace quern::tests
