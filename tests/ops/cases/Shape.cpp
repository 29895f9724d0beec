#include "tests/ops/OpCase.h"

#include <fmt/format.h>

namespace quern::tests {
namespace {

namespace ref = reference;
using List = std::vector<int64_t>;

/// An op of one operand: `before` and `after` surround "%x" in its text.
OpCase moveCase(const std::string &op, const List &in, const List &out, const std::string &after,
                std::function<Tensor(const Tensor &)> meaning, const std::string &element = "f32",
                const std::string &inLayout = "", const std::string &outLayout = "") {
  OpCase c;
  c.name = fmt::format("{} {} {} -> {} {} {}", op, typeText(in, element), after,
                       typeText(out, element), inLayout, outLayout);
  c.text = fmt::format(
      "(%x: {0}) -> {1} {{\n %r = quern.{2} %x {3} : ({0}) -> {1}\n return %r : {1}\n}}",
      tensorText(in, element, inLayout), tensorText(out, element, outLayout), op, after);
  c.meaning = [meaning = std::move(meaning)](const std::vector<Tensor> &inputs) {
    return meaning(inputs[0]);
  };
  c.relative = c.ofLargest = 0;
  if (element == "i32" || element == "u8")
    c.low = 0, c.high = 100;
  return c;
}

OpCase reshapeCase(const List &in, const List &out, const std::string &element = "f32",
                   const std::string &inLayout = "", const std::string &outLayout = "") {
  return moveCase(
      "reshape", in, out, "to " + listText(out),
      [out](const Tensor &x) { return ref::reshape(x, out); }, element, inLayout, outLayout);
}

OpCase transposeCase(const List &in, const List &permutation, const std::string &element = "f32") {
  List out;
  for (int64_t axis : permutation)
    out.push_back(in[static_cast<size_t>(axis)]);
  return moveCase(
      "transpose", in, out, "by " + listText(permutation),
      [permutation](const Tensor &x) { return ref::transpose(x, permutation); }, element);
}

OpCase broadcastCase(const List &in, const List &out) {
  return moveCase("broadcast", in, out, "to " + listText(out),
                  [out](const Tensor &x) { return ref::broadcast(x, out); });
}

OpCase sliceCase(const List &in, const List &starts, const List &sizes, const List &strides) {
  return moveCase("slice", in, sizes,
                  fmt::format("from {} sizes {} strides {}", listText(starts), listText(sizes),
                              listText(strides)),
                  [=](const Tensor &x) { return ref::slice(x, starts, sizes, strides); });
}

OpCase padCase(const List &in, const List &low, const List &high, double value,
               const std::string &element = "f32") {
  List out;
  for (size_t i = 0; i < in.size(); ++i)
    out.push_back(in[i] + low[i] + high[i]);
  return moveCase(
      "pad", in, out,
      fmt::format("low {} high {} with {:.1f}", listText(low), listText(high), value),
      [=](const Tensor &x) { return ref::pad(x, low, high, value); }, element);
}

OpCase concatCase(const std::vector<List> &shapes, int64_t axis, const std::string &layout = "") {
  List out = shapes[0];
  out[static_cast<size_t>(axis)] = 0;
  std::string parameters, names, types;
  for (size_t i = 0; i < shapes.size(); ++i) {
    std::string comma = i > 0 ? ", " : "", type = tensorText(shapes[i], "f32", layout);
    parameters += fmt::format("{}%x{}: {}", comma, i, type);
    names += fmt::format("{}%x{}", comma, i);
    types += comma + type;
    out[static_cast<size_t>(axis)] += shapes[i][static_cast<size_t>(axis)];
  }
  OpCase c;
  c.name = fmt::format("concat {} along {} {}", types, axis, layout);
  c.text = fmt::format(
      "({0}) -> {1} {{\n %r = quern.concat {2} along {3} : ({4}) -> {1}\n return %r : {1}\n}}",
      parameters, tensorText(out, "f32", layout), names, axis, types);
  c.meaning = [axis](const std::vector<Tensor> &in) { return ref::concat(in, axis); };
  c.relative = c.ofLargest = 0;
  return c;
}

OpCase gatherCase(const List &in, const List &indices, int64_t axis,
                  const std::string &indexElement, int64_t limit) {
  List out(in.begin(), in.begin() + axis);
  out.insert(out.end(), indices.begin(), indices.end());
  out.insert(out.end(), in.begin() + axis + 1, in.end());
  OpCase c;
  c.name = fmt::format("gather {} at {} along {}", typeText(in, "f32"),
                       typeText(indices, indexElement), axis);
  std::string ti = tensorText(in, "f32"), tx = tensorText(indices, indexElement),
              to = tensorText(out, "f32");
  c.text = fmt::format(
      "(%x: {0}, %i: {1}) -> {2} {{\n %r = quern.gather %x at %i along {3} : ({0}, {1}) -> {2}\n"
      " return %r : {2}\n}}",
      ti, tx, to, axis);
  c.meaning = [axis](const std::vector<Tensor> &inputs) {
    return ref::gather(inputs[0], inputs[1], axis);
  };
  c.relative = c.ofLargest = 0;
  c.indexArgument = 1, c.indexLimit = limit;
  return c;
}

OpCase iotaCase(const List &shape, int64_t axis, const std::string &element) {
  OpCase c;
  c.name = fmt::format("iota {} along {}", typeText(shape, element), axis);
  c.text = fmt::format(
      "() -> {0} {{\n %r = quern.iota {1} along {2} of {3} : () -> {0}\n return %r : {0}\n}}",
      tensorText(shape, element), listText(shape), axis, element);
  c.meaning = [=](const std::vector<Tensor> &) { return ref::iota(shape, axis); };
  return c;
}

OpCase constantCase(const std::string &value, const std::string &type, const Tensor &meaning) {
  OpCase c;
  c.name = "constant " + value;
  c.text = fmt::format("() -> {1} {{\n %r = quern.constant dense<{0}> : {1}\n return %r : {1}\n}}",
                       value, type);
  c.meaning = [meaning](const std::vector<Tensor> &) { return meaning; };
  return c;
}

} // namespace

Cases shapeCases() {
  const std::string last = "[0, 2, 3, 1]";
  Cases cases{
      reshapeCase({6, 4}, {3, 8}),
      reshapeCase({2, 3, 4, 5}, {6, 20}),
      reshapeCase({1, 49, 40}, {49, 1, 40}),
      reshapeCase({7}, {1, 7, 1}),
      reshapeCase({1}, {}),
      reshapeCase({2, 6, 3, 5}, {2, 90}, "f32", last),
      reshapeCase({2, 90}, {2, 6, 3, 5}, "f32", "", last),
      reshapeCase({2, 6, 3, 5}, {2, 6, 3, 5}, "f32", last, ""),
      reshapeCase({2, 33, 17, 20}, {2, 33, 17, 20}, "f32", "", last),
      reshapeCase({5, 8}, {10, 4}, "i32"),
      transposeCase({5, 7}, {1, 0}),
      transposeCase({64, 100}, {1, 0}),
      transposeCase({2, 3, 4, 5}, {0, 2, 3, 1}),
      transposeCase({2, 19, 6}, {0, 2, 1}, "i32"),
      transposeCase({4, 1, 9, 3}, {3, 1, 0, 2}, "u8"),
      broadcastCase({1, 5, 1}, {4, 5, 6}),
      broadcastCase({}, {3, 3}),
      broadcastCase({7}, {2, 3, 7}),
      sliceCase({9, 20}, {1, 3}, {4, 16}, {2, 1}),
      sliceCase({1, 3, 11, 11}, {0, 1, 0, 2}, {1, 2, 6, 3}, {1, 1, 2, 3}),
      padCase({1, 3, 5, 5}, {0, 0, 1, 2}, {0, 0, 2, 0}, 0.0),
      padCase({4, 30}, {0, 3}, {5, 0}, -2.5),
      padCase({6}, {2}, {3}, 7.0, "i32"),
      concatCase({{1, 5, 4, 4}, {1, 7, 4, 4}, {1, 20, 4, 4}}, 1, last),
      concatCase({{2, 3}, {2, 40}}, 1),
      concatCase({{3, 6}, {1, 6}, {2, 6}}, 0),
      concatCase({{1, 16, 3, 3}, {1, 16, 3, 3}}, 1),
      concatCase({{5}}, 0),
      gatherCase({10, 24}, {7}, 0, "i32", 14), // some indices beyond the end
      gatherCase({3, 9, 5}, {2, 4}, 1, "i64", 9),
      gatherCase({6}, {3, 3}, 0, "i32", 6),
      iotaCase({4, 5}, 1, "i32"),
      iotaCase({4, 5}, 0, "f32"),
      iotaCase({9}, 0, "i64"),
      constantCase("2.5", "tensor<3x4xf32>", ref::constant({3, 4}, 2.5)),
      constantCase("[1, -2, 3]", "tensor<3xi32>", Tensor({3}, {1, -2, 3})),
      constantCase("[[0.5, 1.0], [-1.5, 2.0]]", "tensor<2x2xf32>",
                   Tensor({2, 2}, {0.5, 1.0, -1.5, 2.0})),
      constantCase("true", "tensor<5xi1>", ref::constant({5}, 1)),
  };
  return cases;
}

} // namespace quern::tests
