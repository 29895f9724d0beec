#include "tests/ops/OpCase.h"

#include <fmt/format.h>

#include <cmath>

namespace quern::tests {
namespace {

namespace ref = reference;
using Shape = std::vector<int64_t>;

OpCase unaryCase(const std::string &op, const std::string &element, const Shape &shape) {
  std::string type = tensorText(shape, element);
  OpCase c;
  c.name = fmt::format("{} {}", op, typeText(shape, element));
  c.text = fmt::format(
      "(%x: {0}) -> {0} {{\n %r = quern.{1} %x : ({0}) -> {0}\n return %r : {0}\n}}", type, op);
  c.meaning = [op](const std::vector<Tensor> &in) { return ref::unary(op, in[0]); };
  c.relative = 1.5e-6;
  c.ofLargest = 0;
  return c;
}

/// A function of its own results, in one kernel.
OpCase twiceCase(const std::string &op, const Shape &shape) {
  OpCase c;
  c.name = fmt::format("{} of {}", op, op);
  c.text = fmt::format("(%x: {0}) -> {0} {{\n %a = quern.{1} %x : ({0}) -> {0}\n %r = quern.{1} %a "
                       ": ({0}) -> {0}\n return %r : {0}\n}}",
                       tensorText(shape, "f32"), op);
  c.meaning = [op](const std::vector<Tensor> &in) { return ref::unary(op, ref::unary(op, in[0])); };
  // Also where a logarithm is asked for the logarithm of the result.
  bool positive = op == "log";
  c.low = positive ? 1.5 : op == "sqrt" || op == "rsqrt" ? 0.1 : -1.5, c.high = positive ? 9 : 1.5;
  c.relative = 4e-6;
  return c;
}

/// Shapes of both operands and of the result.
OpCase binaryCase(const std::string &op, const std::string &element, const Shape &a, const Shape &b,
                  const Shape &r) {
  OpCase c;
  c.name = fmt::format("{} {} {}", op, typeText(a, element), typeText(b, element));
  std::string ta = tensorText(a, element), tb = tensorText(b, element), tr = tensorText(r, element);
  c.text = fmt::format("(%a: {0}, %b: {1}) -> {2} {{\n %r = quern.{3} %a, %b : ({0}, {1}) -> {2}\n "
                       "return %r : {2}\n}}",
                       ta, tb, tr, op);
  c.meaning = [op](const std::vector<Tensor> &in) { return ref::binary(op, in[0], in[1]); };
  c.ofLargest = 0;
  return c;
}

OpCase cmpCase(const std::string &predicate, const std::string &element) {
  OpCase c;
  c.name = fmt::format("cmp {} {}", predicate, element);
  std::string type = tensorText({4, 9}, element), result = tensorText({4, 9}, "i1");
  c.text = fmt::format("(%a: {0}, %b: {0}) -> {1} {{\n %r = quern.cmp {2} %a, %b : ({0}, {0}) -> "
                       "{1}\n return %r : {1}\n}}",
                       type, result, predicate);
  c.meaning = [predicate](const std::vector<Tensor> &in) {
    return ref::compare(predicate, in[0], in[1]);
  };
  c.low = -2, c.high = 2;
  c.special = element == "f32";
  return c;
}

OpCase castCase(const std::string &from, const std::string &to, double low, double high) {
  OpCase c;
  c.name = fmt::format("cast {} {}", from, to);
  std::string ta = tensorText({3, 37}, from), tr = tensorText({3, 37}, to);
  c.text = fmt::format(
      "(%a: {0}) -> {1} {{\n %r = quern.cast %a to {2} : ({0}) -> {1}\n return %r : {1}\n}}", ta,
      tr, to == "u8" ? "ui8" : to);
  // The comparison rounds to the result's type.
  c.meaning = [](const std::vector<Tensor> &in) { return in[0]; };
  c.low = low, c.high = high;
  c.relative = c.ofLargest = 0;
  c.onDevice = from != "f16" && to != "f16" && from != "bf16" && to != "bf16";
  return c;
}

} // namespace

Cases elementwiseCases() {
  Cases cases;
  const std::vector<std::string> functions{"exp",     "log",   "sqrt", "rsqrt", "tanh",
                                           "sigmoid", "erf",   "sin",  "cos",   "floor",
                                           "ceil",    "round", "neg",  "abs",   "relu"};
  for (const std::string &op : functions) {
    bool positive = op == "log" || op == "sqrt" || op == "rsqrt";
    bool trigonometric = op == "sin" || op == "cos";
    OpCase c = unaryCase(op, "f32", {5, 1000});
    c.low = positive        ? 1e-6
            : trigonometric ? -300
                            : -12,
    c.high = positive        ? 50
             : trigonometric ? 300
                             : 12;
    // Near a zero of the sine only the absolute error means something.
    c.ofLargest = trigonometric || op == "log" ? 2e-7 : 0;
    // OpenCL's relaxed arithmetic loses digits of the reduction of a wide angle (2e-6 seen).
    c.onDevice = !trigonometric;
    cases.push_back(c);
    c.onDevice = true;
    c.name += " near 0", c.low = positive ? 0.5 : -1, c.high = positive ? 1.5 : 1;
    cases.push_back(c);
    // Devices make their own of infinities and subnormals.
    if (!trigonometric && op != "round" && op != "floor" && op != "ceil") {
      c.name += " special", c.special = true, c.onDevice = false;
      cases.push_back(c);
    }
    OpCase wide = unaryCase(op, "f64", {33});
    wide.low = positive ? 0.1 : -3, wide.high = 3, wide.onDevice = false;
    cases.push_back(wide);
    cases.push_back(twiceCase(op, {7, 19}));
  }
  for (const char *op : {"relu", "exp", "neg", "tanh"})
    for (const char *element : {"f16", "bf16"}) {
      OpCase c = unaryCase(op, element, {2, 19});
      c.relative = std::string(element) == "f16" ? 1e-3 : 8e-3;
      c.onDevice = false;
      cases.push_back(c);
    }
  for (const char *op : {"neg", "abs", "relu"})
    for (const char *element : {"i32", "i8", "i64"}) {
      OpCase c = unaryCase(op, element, {41});
      c.low = -100, c.high = 100;
      cases.push_back(c);
    }
  // The proof of causality takes these for zero (passes/causal/Ranges).
  for (const char *op : {"exp", "sigmoid"})
    for (const char *element : {"f32", "f64", "f16", "bf16"}) {
      OpCase c = unaryCase(op, element, {3, 37});
      c.name += " far below zero";
      c.low = -6e4, c.high = -1000, c.relative = 0;
      c.onDevice = std::string(element) == "f32";
      cases.push_back(c);
    }
  OpCase scalar = unaryCase("exp", "f32", {});
  scalar.name = "exp of a scalar";
  cases.push_back(scalar);
  OpCase negated = unaryCase("not", "i1", {3, 21});
  negated.low = 0, negated.high = 1;
  cases.push_back(negated);

  for (const char *op : {"add", "sub", "mul", "div", "max", "min"}) {
    for (const auto &[a, b, r] :
         std::vector<std::tuple<Shape, Shape, Shape>>{{{2, 7, 5, 3}, {2, 7, 5, 3}, {2, 7, 5, 3}},
                                                      {{2, 7, 5, 3}, {7, 1, 1}, {2, 7, 5, 3}},
                                                      {{1000}, {}, {1000}},
                                                      {{4, 1, 33}, {6, 1}, {4, 6, 33}},
                                                      {{1}, {1}, {1}}}) {
      OpCase c = binaryCase(op, "f32", a, b, r);
      c.ofLargest = std::string(op) == "sub" || std::string(op) == "add" ? 1e-7 : 0;
      cases.push_back(c);
    }
    OpCase special = binaryCase(op, "f32", {64}, {64}, {64});
    special.name += " special", special.special = true, special.onDevice = false;
    special.ofLargest = 1e-7;
    cases.push_back(special);
    for (const char *element : {"i32", "i64", "u8"}) {
      OpCase c = binaryCase(op, element, {3, 30}, {30}, {3, 30});
      bool divides = std::string(op) == "div";
      bool isByte = std::string(element) == "u8";
      c.low = isByte ? 0 : divides ? 1 : -90, c.high = isByte ? 15 : 90;
      if (divides && isByte)
        c.low = 1;
      if (divides)
        c.meaning = [](const std::vector<Tensor> &in) {
          return ref::cast(ref::binary("div", in[0], in[1]), "i64");
        };
      if (std::string(op) == "sub" && isByte)
        c.meaning = [](const std::vector<Tensor> &in) {
          return ref::cast(ref::binary("sub", in[0], in[1]), "u8");
        };
      cases.push_back(c);
    }
  }
  OpCase negative = binaryCase("div", "i32", {50}, {50}, {50});
  negative.name += " negative", negative.low = -50, negative.high = -1;
  negative.meaning = [](const std::vector<Tensor> &in) {
    return ref::cast(ref::binary("div", in[0], in[1]), "i32");
  };
  cases.push_back(negative);
  OpCase power = binaryCase("pow", "f32", {500}, {500}, {500});
  power.low = 0.1, power.high = 8, power.onDevice = false;
  cases.push_back(power);
  for (const char *op : {"and", "or"}) {
    OpCase c = binaryCase(op, "i1", {3, 5}, {5}, {3, 5});
    c.low = 0, c.high = 1;
    cases.push_back(c);
  }
  for (const char *predicate : {"eq", "ne", "lt", "le", "gt", "ge"})
    for (const char *element : {"f32", "i32", "u8"})
      if (std::string(element) != "u8" || std::string(predicate) == "lt")
        cases.push_back(cmpCase(predicate, element));
  for (OpCase &c : cases)
    if (c.name == "cmp lt u8")
      c.low = 0, c.high = 3;

  OpCase chosen;
  chosen.name = "select";
  chosen.text =
      "(%c: tensor<3x1xi1>, %a: tensor<3x7xf32>, %b: tensor<7xf32>) -> tensor<3x7xf32> {\n"
      " %r = quern.select %c, %a, %b : (tensor<3x1xi1>, tensor<3x7xf32>, tensor<7xf32>) -> "
      "tensor<3x7xf32>\n"
      " return %r : tensor<3x7xf32>\n}";
  chosen.meaning = [](const std::vector<Tensor> &in) { return ref::select(in[0], in[1], in[2]); };
  chosen.low = 0, chosen.high = 1;
  cases.push_back(chosen);

  cases.push_back(castCase("f32", "i32", -1000, 1000));
  cases.push_back(castCase("f32", "u8", 0, 255));
  cases.push_back(castCase("f32", "i8", -120, 120));
  cases.push_back(castCase("f32", "i1", -1, 1));
  cases.push_back(castCase("f32", "f16", -9, 9));
  cases.push_back(castCase("f16", "f32", -9, 9));
  cases.push_back(castCase("f32", "bf16", -9, 9));
  cases.push_back(castCase("bf16", "f32", -9, 9));
  cases.push_back(castCase("f32", "f64", -9, 9));
  cases.push_back(castCase("f64", "f32", -9, 9));
  cases.push_back(castCase("i32", "f32", -1000, 1000));
  cases.push_back(castCase("u8", "f32", 0, 255));
  cases.push_back(castCase("i64", "i32", -1000, 1000));
  cases.push_back(castCase("i32", "u8", -1000, 1000));
  cases.push_back(castCase("i1", "f32", 0, 1));
  return cases;
}

} // namespace quern::tests
