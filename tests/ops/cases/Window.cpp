#include "tests/ops/OpCase.h"

#include <fmt/format.h>

namespace quern::tests {
namespace {

namespace ref = reference;
using List = std::vector<int64_t>;

struct WindowSpec {
  List shape, window, strides, dilations, low, high;
};

OpCase windowCase(const std::string &kind, const WindowSpec &w, const std::string &layout,
                  bool countPadding) {
  List out{w.shape[0], w.shape[1]};
  for (size_t i = 0; i < w.window.size(); ++i)
    out.push_back((w.shape[2 + i] + w.low[i] + w.high[i] - w.dilations[i] * (w.window[i] - 1) - 1) /
                      w.strides[i] +
                  1);
  OpCase c;
  c.name = fmt::format("window_reduce {} {} window {} strides {} dilations {} pad {} {} {}{}", kind,
                       typeText(w.shape, "f32"), listText(w.window), listText(w.strides),
                       listText(w.dilations), listText(w.low), listText(w.high), layout,
                       countPadding ? " counting padding" : "");
  c.text =
      fmt::format("(%x: {0}) -> {1} {{\n %r = quern.window_reduce {2} %x window {3} strides {4} "
                  "dilations {5} pad "
                  "{6} {7} {8}: ({0}) -> {1}\n return %r : {1}\n}}",
                  tensorText(w.shape, "f32", layout), tensorText(out, "f32", layout), kind,
                  listText(w.window), listText(w.strides), listText(w.dilations), listText(w.low),
                  listText(w.high), countPadding ? "count_padding true " : "");
  c.meaning = [=](const std::vector<Tensor> &in) {
    return ref::windowReduce(in[0], kind, w.window, {w.strides, w.dilations, w.low, w.high},
                             countPadding);
  };
  return c;
}

} // namespace

Cases windowCases() {
  const std::vector<WindowSpec> images{
      {{1, 16, 8, 8}, {2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}},
      {{2, 64, 15, 15}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
      {{1, 13, 9, 7}, {3, 2}, {1, 3}, {2, 1}, {2, 0}, {1, 1}},
      {{3, 1, 5, 5}, {5, 5}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
      {{1, 48, 7, 7}, {7, 7}, {7, 7}, {1, 1}, {0, 0}, {0, 0}},
      {{1, 20, 1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
      {{1, 5, 40, 37}, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1}},
  };
  Cases cases;
  for (const char *kind : {"sum", "mean", "max", "min", "prod"})
    for (size_t i = 0; i < images.size(); ++i)
      for (const char *layout : {"[0, 2, 3, 1]", ""})
        if (i < 3 || std::string(kind) == "max" || std::string(kind) == "mean") {
          cases.push_back(windowCase(kind, images[i], layout, false));
          cases.back().onDevice = i < 3;
        }
  cases.push_back(windowCase("mean", images[1], "[0, 2, 3, 1]", true));
  cases.push_back(windowCase("mean", images[2], "", true));
  const WindowSpec line{{2, 6, 31}, {4}, {3}, {2}, {3}, {2}},
      volume{{1, 5, 6, 7, 8}, {2, 3, 2}, {2, 1, 2}, {1, 1, 1}, {1, 1, 0}, {0, 1, 1}};
  for (const char *kind : {"max", "mean"}) {
    cases.push_back(windowCase(kind, line, "", false));
    cases.push_back(windowCase(kind, line, "[0, 2, 1]", false));
    cases.push_back(windowCase(kind, volume, "", false));
    cases.push_back(windowCase(kind, volume, "[0, 2, 3, 4, 1]", false));
  }
  for (const char *kind : {"max", "min"}) {
    OpCase special = windowCase(kind, images[1], "[0, 2, 3, 1]", false);
    special.name += " special", special.special = true, special.onDevice = false;
    cases.push_back(special);
  }
  return cases;
}

} // namespace quern::tests
