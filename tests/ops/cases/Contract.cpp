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
