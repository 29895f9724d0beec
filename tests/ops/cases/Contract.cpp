#include "tests/ops/OpCase.h"

#include <fmt/format.h>

#include <map>

namespace quern::tests {
namespace {

namespace ref = reference;
using List = std::vector<int64_t>;

OpCase contractCase(const std::map<int64_t, int64_t> &extents, const List &lhs, const List &rhs,
                    const List &result, const std::string &element = "f32",
                    const std::string &layout = "") {
  auto shape = [&](const List &labels) {
    List extentsOf;
    for (int64_t label : labels)
      extentsOf.push_back(extents.at(label));
    return extentsOf;
  };
  OpCase c;
  c.name =
      fmt::format("contract {} {}, {} {} -> {} {}", typeText(shape(lhs), element), listText(lhs),
                  typeText(shape(rhs), element), listText(rhs), listText(result), layout);
  c.text = fmt::format("(%a: {0}, %b: {1}) -> {2} {{\n %r = quern.contract %a {3}, %b {4} -> {5} : "
                       "({0}, {1}) -> {2}\n"
                       " return %r : {2}\n}}",
                       tensorText(shape(lhs), element), tensorText(shape(rhs), element),
                       tensorText(shape(result), element, layout), listText(lhs), listText(rhs),
                       listText(result));
  c.meaning = [=](const std::vector<Tensor> &in) {
    return ref::contract(in[0], in[1], lhs, rhs, result);
  };
  if (element == "i32")
    c.low = -9, c.high = 9;
  return c;
}

/// Segments [positions, rows, channels] against a matrix of so many columns.
OpCase segmentCase(const std::vector<std::pair<int64_t, int64_t>> &segments, int64_t rows,
                   int64_t columns, int64_t rank) {
  OpCase c;
  int64_t depth = 0;
  std::string arguments, operands, types;
  for (size_t index = 0; index < segments.size(); ++index) {
    auto [positions, channels] = segments[index];
    std::string type = tensorText({positions, rows, channels}, "f32");
    arguments += fmt::format("%s{}: {}, ", index, type);
    operands += fmt::format("{}%s{}", index == 0 ? "" : ", ", index);
    types += type + ", ";
    c.name += fmt::format("{}x{} ", positions, channels);
    depth += positions * channels;
  }
  List shape(static_cast<size_t>(rank), 1);
  shape[0] = rows;
  shape[1] = columns;
  std::string weight = tensorText({depth, columns}, "f32"), result = tensorText(shape, "f32");
  c.name = fmt::format("segment_dot {}of {} rows -> {}", c.name, rows, typeText(shape, "f32"));
  c.text =
      fmt::format("({}%w: {}) -> {} {{\n %r = quern.segment_dot ({}), %w rank {} : ({}{}) -> {}\n"
                  " return %r : {}\n}}",
                  arguments, weight, result, operands, rank, types, weight, result, result);
  c.meaning = [=](const std::vector<Tensor> &in) {
    Tensor sum(shape);
    int64_t k = 0;
    for (size_t s = 0; s + 1 < in.size(); ++s)
      for (int64_t p = 0; p < in[s].shape[0]; ++p)
        for (int64_t channel = 0; channel < in[s].shape[2]; ++channel, ++k)
          ref::forEachIndex(shape, [&](const ref::Index &index) {
            sum.at(index) += in[s].at({p, index[0], channel}) * in.back().at({k, index[1]});
          });
    return sum;
  };
  return c;
}

} // namespace

Cases contractCases() {
  Cases cases;
  // Matrix products of many shapes; B as [K, N] and as [N, K].
  for (const List &mkn : std::vector<List>{{1, 1, 1},
                                           {1, 64, 10},
                                           {1, 37, 1000},
                                           {5, 7, 3},
                                           {6, 16, 64},
                                           {13, 31, 17},
                                           {64, 64, 64},
                                           {100, 24, 33},
                                           {3, 200, 130},
                                           {32, 1, 32}}) {
    std::map<int64_t, int64_t> extents{{0, mkn[0]}, {1, mkn[2]}, {2, mkn[1]}};
    cases.push_back(contractCase(extents, {0, 2}, {2, 1}, {0, 1}));
    cases.push_back(contractCase(extents, {0, 2}, {1, 2}, {0, 1}));
  }
  std::map<int64_t, int64_t> extents{{0, 3}, {1, 20}, {2, 9}, {3, 4}, {4, 18}, {5, 2}};
  cases.push_back(
      contractCase(extents, {2, 0}, {2, 1}, {1, 0})); // transposed result: A's rows innermost
  cases.push_back(contractCase(extents, {0, 2}, {2, 1}, {0, 1}, "f32", "[1, 0]")); // and by layout
  cases.push_back(contractCase(extents, {3, 0, 2}, {3, 2, 1}, {3, 0, 1}));         // batched
  cases.push_back(
      contractCase(extents, {3, 5, 0, 2}, {3, 5, 1, 2}, {3, 5, 0, 1})); // attention scores
  cases.push_back(contractCase(extents, {3, 0, 5, 2}, {3, 1, 5, 2}, {3, 5, 0, 1})); // heads inside
  cases.push_back(
      contractCase(extents, {3, 5, 0, 1}, {3, 1, 5, 2}, {3, 0, 5, 2})); // attention values
  cases.push_back(
      contractCase(extents, {3, 0, 2}, {2, 1}, {3, 0, 1})); // linear layer on a sequence
  cases.push_back(contractCase(extents, {0, 2}, {2, 5, 1}, {0, 5, 1})); // two axes of columns
  cases.push_back(contractCase(extents, {0, 2, 5}, {2, 5, 1}, {0, 1})); // two axes summed over
  cases.push_back(contractCase(extents, {0, 5, 2}, {1, 2, 5}, {0, 1})); // in different orders
  cases.push_back(contractCase(extents, {0}, {1}, {0, 1}));             // outer product
  cases.push_back(contractCase(extents, {1}, {1}, {}));                 // dot product
  cases.push_back(contractCase(extents, {0, 1}, {1}, {0}));             // matrix by vector
  cases.push_back(contractCase(extents, {1}, {1, 0}, {0}));             // vector by matrix
  cases.push_back(contractCase(extents, {0, 4}, {0, 4}, {4}));          // no columns: a reduction
  cases.push_back(contractCase(extents, {0, 1}, {0, 1}, {0}));          // along the innermost axis
  cases.push_back(contractCase(extents, {0, 4}, {0, 4}, {0, 4}));       // a plain product
  cases.push_back(contractCase(extents, {0, 2}, {1, 5}, {0, 1}));       // sums of one operand alone
  cases.push_back(contractCase(extents, {0, 2}, {2, 1}, {0, 1}, "i32"));
  // One query, as a step has it: keys and values are read where they lie, as far as whole vectors
  // go.
  for (int64_t depth : {5, 8, 16, 24, 48}) {
    std::map<int64_t, int64_t> one{{0, 1}, {1, 37}, {2, depth}, {3, 1}, {5, 3}};
    cases.push_back(contractCase(one, {3, 5, 0, 2}, {1, 3, 5, 2}, {3, 5, 0, 1}));
    cases.push_back(contractCase(one, {3, 5, 0, 1}, {1, 3, 5, 2}, {3, 5, 0, 2}));
  }
  // Columns in whole panels, many of them together, and in a prime number of panels.
  for (int64_t columns : {8, 16, 112, 128, 208, 256, 784})
    cases.push_back(segmentCase({{1, 24}, {2, 12}}, 1, columns, 3));
  cases.push_back(segmentCase({{1, 1}}, 1, 1, 2));
  cases.push_back(segmentCase({{1, 64}, {1, 64}}, 1, 128, 3));
  cases.push_back(segmentCase({{3, 20}, {2, 20}, {1, 20}}, 1, 33, 4));
  cases.push_back(segmentCase({{3, 7}, {1, 5}}, 5, 70, 3));
  OpCase wide = contractCase(extents, {0, 2}, {2, 1}, {0, 1}, "f64");
  wide.relative = wide.ofLargest = 1e-14;
  wide.onDevice = false;
  cases.push_back(wide);
  OpCase half = contractCase(extents, {0, 2}, {2, 1}, {0, 1}, "f16");
  half.relative = half.ofLargest = 1e-3;
  half.onDevice = false;
  cases.push_back(half);
  return cases;
}

} // namespace quern::tests
