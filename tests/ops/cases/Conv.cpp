#include "tests/ops/OpCase.h"

#include <fmt/format.h>

namespace quern::tests {
namespace {

namespace ref = reference;

/// Spatial lists have one entry for each of the kernel's axes.
struct ConvSpec {
  int64_t batch = 1, in = 1, out = 1, groups = 1;
  std::vector<int64_t> size, kernel, strides = {}, dilations = {}, low = {}, high = {};
  int64_t taps = 0; ///< the first so many are read; 0: all
};

std::vector<int64_t> orElse(std::vector<int64_t> list, size_t rank, int64_t value) {
  return list.empty() ? std::vector<int64_t>(rank, value) : list;
}

std::string channelsLast(size_t spatial) {
  std::vector<int64_t> order{0};
  for (size_t i = 0; i < spatial; ++i)
    order.push_back(static_cast<int64_t>(2 + i));
  order.push_back(1);
  return listText(order);
}

/// The filter with zeros at all taps but the first `taps`.
Tensor maskedTo(int64_t taps, Tensor filter) {
  int64_t all = 1;
  for (size_t axis = 2; axis < filter.shape.size(); ++axis)
    all *= filter.shape[axis];
  for (size_t i = 0; i < filter.values.size(); ++i)
    if (static_cast<int64_t>(i) % all >= taps)
      filter.values[i] = 0;
  return filter;
}

OpCase convCase(const ConvSpec &spec, bool lastIn, bool lastOut) {
  size_t rank = spec.size.size();
  std::vector<int64_t> strides = orElse(spec.strides, rank, 1),
                       dilations = orElse(spec.dilations, rank, 1);
  std::vector<int64_t> low = orElse(spec.low, rank, 0), high = orElse(spec.high, rank, 0);
  std::vector<int64_t> in{spec.batch, spec.in}, weight{spec.out, spec.in / spec.groups},
      out{spec.batch, spec.out};
  for (size_t i = 0; i < rank; ++i) {
    in.push_back(spec.size[i]);
    weight.push_back(spec.kernel[i]);
    out.push_back((spec.size[i] + low[i] + high[i] - dilations[i] * (spec.kernel[i] - 1) - 1) /
                      strides[i] +
                  1);
  }
  std::string last = channelsLast(rank);
  std::string ti = tensorText(in, "f32", lastIn ? last : ""), tw = tensorText(weight, "f32"),
              to = tensorText(out, "f32", lastOut ? last : "");
  OpCase c;
  std::string taps = spec.taps ? fmt::format(" taps {}", spec.taps) : "";
  c.name = fmt::format("conv {} * {} strides {} dilations {} pad {} {} groups {}{}{}{}",
                       typeText(in, "f32"), typeText(weight, "f32"), listText(strides),
                       listText(dilations), listText(low), listText(high), spec.groups, taps,
                       lastIn ? " from NHWC" : "", lastOut ? " to NHWC" : "");
  c.text = fmt::format(
      "(%x: {0}, %w: {1}) -> {2} {{\n %r = quern.conv %x, %w strides {3} dilations {4} pad {5} {6} "
      "groups {7}{8} : ({0}, {1}) -> {2}\n return %r : {2}\n}}",
      ti, tw, to, listText(strides), listText(dilations), listText(low), listText(high),
      spec.groups, taps);
  int64_t groups = spec.groups, live = spec.taps;
  c.meaning = [=](const std::vector<Tensor> &inputs) {
    return ref::conv(inputs[0], live ? maskedTo(live, inputs[1]) : inputs[1],
                     {strides, dilations, low, high}, groups);
  };
  return c;
}

} // namespace

Cases convCases() {
  std::vector<ConvSpec> specs{
      // One spatial axis.
      {.batch = 2, .in = 5, .out = 7, .size = {13}, .kernel = {3}, .low = {1}, .high = {1}},
      {.in = 16, .out = 32, .size = {50}, .kernel = {1}},
      {.in = 3,
       .out = 18,
       .size = {40},
       .kernel = {5},
       .strides = {2},
       .dilations = {3},
       .low = {4},
       .high = {0}},
      {.in = 24, .out = 24, .groups = 24, .size = {21}, .kernel = {3}, .low = {2}},
      // Images: plain, prime channel counts, one pixel, one channel.
      {.in = 3,
       .out = 32,
       .size = {16, 16},
       .kernel = {3, 3},
       .strides = {2, 2},
       .low = {0, 0},
       .high = {1, 1}},
      {.in = 16, .out = 16, .size = {8, 8}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}},
      {.in = 64, .out = 64, .size = {14, 14}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}},
      {.in = 13, .out = 17, .size = {9, 11}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}},
      {.in = 7, .out = 5, .size = {1, 1}, .kernel = {1, 1}},
      {.in = 7, .out = 40, .size = {1, 1}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}},
      {.in = 1, .out = 1, .size = {5, 6}, .kernel = {2, 3}},
      {.in = 1, .out = 33, .size = {7, 7}, .kernel = {7, 7}},
      {.batch = 3, .in = 8, .out = 48, .size = {7, 7}, .kernel = {1, 1}},
      {.in = 32, .out = 96, .size = {1, 49}, .kernel = {1, 1}},
      {.in = 40, .out = 64, .size = {28, 28}, .kernel = {1, 1}},
      {.in = 12, .out = 20, .size = {12, 10}, .kernel = {1, 1}, .strides = {2, 2}},
      // Asymmetric in every way.
      {.batch = 2,
       .in = 6,
       .out = 10,
       .size = {11, 8},
       .kernel = {3, 2},
       .strides = {1, 2},
       .dilations = {2, 1},
       .low = {0, 3},
       .high = {2, 1}},
      {.in = 4, .out = 16, .size = {10, 10}, .kernel = {5, 1}, .low = {2, 0}, .high = {2, 0}},
      {.in = 4, .out = 16, .size = {10, 10}, .kernel = {1, 7}, .low = {0, 3}, .high = {0, 3}},
      {.in = 5,
       .out = 9,
       .size = {15, 15},
       .kernel = {3, 3},
       .strides = {3, 3},
       .dilations = {2, 2}},
      {.batch = 5,
       .in = 3,
       .out = 8,
       .size = {6, 6},
       .kernel = {3, 3},
       .low = {5, 5},
       .high = {5, 5}},
      // Depthwise.
      {.in = 32,
       .out = 32,
       .groups = 32,
       .size = {14, 14},
       .kernel = {3, 3},
       .low = {1, 1},
       .high = {1, 1}},
      {.in = 48,
       .out = 48,
       .groups = 48,
       .size = {15, 15},
       .kernel = {5, 5},
       .strides = {2, 2},
       .low = {1, 1},
       .high = {2, 2}},
      {.batch = 2,
       .in = 11,
       .out = 11,
       .groups = 11,
       .size = {7, 5},
       .kernel = {3, 3},
       .dilations = {2, 1},
       .low = {2, 1},
       .high = {2, 1}},
      {.in = 3, .out = 3, .groups = 3, .size = {1, 1}, .kernel = {1, 1}},
      {.in = 16, .out = 16, .groups = 16, .size = {4, 4}, .kernel = {4, 4}},
      // Groups.
      {.in = 8,
       .out = 12,
       .groups = 4,
       .size = {9, 9},
       .kernel = {3, 3},
       .low = {1, 1},
       .high = {1, 1}},
      {.in = 6, .out = 12, .groups = 6, .size = {8, 8}, .kernel = {3, 3}},
      {.batch = 2, .in = 64, .out = 64, .groups = 2, .size = {7, 7}, .kernel = {1, 1}},
      // Volumes.
      {.in = 4,
       .out = 16,
       .size = {5, 6, 7},
       .kernel = {3, 3, 3},
       .low = {1, 1, 1},
       .high = {1, 1, 1}},
      {.batch = 2,
       .in = 3,
       .out = 5,
       .size = {6, 5, 4},
       .kernel = {2, 1, 3},
       .strides = {2, 1, 1},
       .low = {0, 0, 1},
       .high = {1, 0, 1}},
      {.in = 4,
       .out = 4,
       .groups = 4,
       .size = {4, 4, 4},
       .kernel = {3, 3, 3},
       .low = {1, 1, 1},
       .high = {1, 1, 1}},
      // Masked kernels.
      {.in = 1,
       .out = 32,
       .size = {9, 10},
       .kernel = {4, 7},
       .low = {3, 3},
       .high = {0, 3},
       .taps = 24},
      {.in = 12,
       .out = 20,
       .size = {11, 8},
       .kernel = {2, 3},
       .dilations = {2, 1},
       .low = {2, 1},
       .high = {0, 1},
       .taps = 5},
      {.batch = 2, .in = 6, .out = 10, .size = {30}, .kernel = {4}, .taps = 3},
      {.in = 8,
       .out = 12,
       .groups = 4,
       .size = {9, 9},
       .kernel = {3, 3},
       .low = {1, 1},
       .high = {1, 1},
       .taps = 4},
      {.in = 3, .out = 5, .size = {6, 5, 4}, .kernel = {2, 2, 3}, .taps = 11},
  };
  Cases cases;
  for (const ConvSpec &spec : specs)
    cases.push_back(convCase(spec, true, true));
  // The other layouts on a few of them.
  for (size_t i : {0U, 3U, 4U, 7U, 16U, 21U, 23U, 26U, 29U}) {
    for (auto [lastIn, lastOut] :
         {std::pair(false, true), std::pair(true, false), std::pair(false, false)}) {
      cases.push_back(convCase(specs[i], lastIn, lastOut));
      // A device reads and writes any layout the same way; one mixture shows it.
      cases.back().onDevice = lastIn && !lastOut;
    }
  }
  return cases;
}

} // namespace quern::tests
