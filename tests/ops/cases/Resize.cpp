#include "tests/ops/OpCase.h"

#include <fmt/format.h>

namespace quern::tests {
namespace {

namespace ref = reference;
using List = std::vector<int64_t>;

OpCase resizeCase(const List &shape, const List &sizes, const std::string &mode,
                  const std::string &coordinates, bool antialias, const std::string &layout = "") {
  List out{shape[0], shape[1]};
  out.insert(out.end(), sizes.begin(), sizes.end());
  OpCase c;
  c.name = fmt::format("resize {} to {} {} {}{} {}", typeText(shape, "f32"), listText(sizes), mode,
                       coordinates, antialias ? " antialias" : "", layout);
  c.text = fmt::format("(%x: {0}) -> {1} {{\n %r = quern.resize {2} {3} %x to {4} {5}: ({0}) -> "
                       "{1}\n return %r : {1}\n}}",
                       tensorText(shape, "f32", layout), tensorText(out, "f32", layout), mode,
                       coordinates, listText(sizes), antialias ? "antialias true " : "");
  auto how = mode == "nearest"  ? ref::ResizeMode::nearest
             : mode == "linear" ? ref::ResizeMode::linear
                                : ref::ResizeMode::cubic;
  auto where = coordinates == "half_pixel"      ? ref::ResizeCoordinates::halfPixel
               : coordinates == "align_corners" ? ref::ResizeCoordinates::alignCorners
                                                : ref::ResizeCoordinates::asymmetric;
  c.meaning = [=](const std::vector<Tensor> &in) {
    return ref::resize(in[0], sizes, how, where, antialias);
  };
  return c;
}

} // namespace

Cases resizeCases() {
  const std::string last = "[0, 2, 3, 1]";
  Cases cases;
  for (const char *mode : {"nearest", "linear", "cubic"})
    for (const char *coordinates : {"half_pixel", "align_corners", "asymmetric"}) {
      cases.push_back(resizeCase({1, 3, 5, 7}, {10, 14}, mode, coordinates, false));
      cases.push_back(resizeCase({2, 20, 9, 6}, {4, 11}, mode, coordinates, false, last));
      cases.push_back(resizeCase({1, 2, 4, 4}, {1, 1}, mode, coordinates, false));
    }
  for (const char *mode : {"linear", "cubic"}) {
    cases.push_back(resizeCase({1, 3, 12, 15}, {5, 7}, mode, "half_pixel", true));
    cases.push_back(resizeCase({1, 3, 6, 5}, {9, 8}, mode, "half_pixel", true, last));
    cases.push_back(resizeCase({1, 3, 40, 37}, {6, 9}, mode, "half_pixel", true, last));
  }
  cases.push_back(resizeCase({1, 4, 9}, {20}, "linear", "half_pixel", false));
  cases.push_back(resizeCase({1, 2, 3, 4, 5}, {5, 6, 7}, "linear", "align_corners", false));
  cases.push_back(resizeCase({1, 16, 1, 1}, {4, 4}, "nearest", "asymmetric", false, last));
  return cases;
}

} // namespace quern::tests
