#include "codegen/halide/schedules/Buffers.h"
#include "codegen/halide/schedules/Winograd.h"
#include "ir/conv/TransformFilter.h"

#include <Halide.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace quern::codegen {
namespace {

using namespace Halide;

struct Case {
  SpatialConv problem;
  std::vector<int64_t> outputs{}; ///< of a tile, innermost first
  std::string name;
  WinogradKnobs knobs{};
};

void PrintTo(const Case &test, std::ostream *out) { *out << test.name; }

std::vector<int64_t> mapExtents(const SpatialConv &p, bool output) {
  std::vector<int64_t> extents{output ? p.outChannels : p.inChannels};
  for (const ConvAxis &axis : p.axes)
    extents.push_back(output ? axis.out : axis.in);
  extents.push_back(p.batch);
  return extents;
}

Buffer<float> filled(const std::vector<int64_t> &extents, std::mt19937 &random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  Buffer<float> result(std::vector<int>(extents.begin(), extents.end()));
  result.for_each_value([&](float &value) { value = uniform(random); });
  return result;
}

/// The definition, of maps (c, x, y, z, n) and filters [O][I][kz][ky][kx].
class Definition {
public:
  Definition(const SpatialConv &p, const float *input, const std::vector<double> &filters)
      : problem(p), axes(p.axes), input(input), filters(filters) {
    axes.resize(3);
  }

  double at(int64_t o, int64_t x, int64_t y, int64_t z, int64_t n) const {
    const int64_t inChannels = problem.inChannels / problem.groups;
    const int64_t first = o / (problem.outChannels / problem.groups) * inChannels;
    double sum = 0;
    for (int64_t kz = 0; kz < axes[2].kernel; ++kz)
      for (int64_t ky = 0; ky < axes[1].kernel; ++ky)
        for (int64_t kx = 0; kx < axes[0].kernel; ++kx) {
          int64_t from[3] = {place(0, x, kx), place(1, y, ky), place(2, z, kz)};
          if (outside(0, from) || outside(1, from) || outside(2, from))
            continue;
          int64_t pixel =
              ((n * axes[2].in + from[2]) * axes[1].in + from[1]) * axes[0].in + from[0];
          for (int64_t i = 0; i < inChannels; ++i)
            sum += static_cast<double>(input[pixel * problem.inChannels + first + i]) *
                   filters[static_cast<size_t>(
                       (((o * inChannels + i) * axes[2].kernel + kz) * axes[1].kernel + ky) *
                           axes[0].kernel +
                       kx)];
        }
    return sum;
  }

private:
  int64_t place(size_t a, int64_t position, int64_t tap) const {
    return position * axes[a].stride + tap * axes[a].dilation - axes[a].padLow;
  }
  bool outside(size_t a, const int64_t (&from)[3]) const {
    return from[a] < 0 || from[a] >= axes[a].in;
  }

  const SpatialConv &problem;
  std::vector<ConvAxis> axes;
  const float *input;
  const std::vector<double> &filters;
};

/// U, packed as the plan wants it.
Buffer<float> packedWeights(const WinogradPlan &plan, const std::vector<double> &filters) {
  const SpatialConv &p = plan.problem;
  std::vector<int64_t> kernel, strides;
  kernel.reserve(p.axes.size());
  strides.reserve(p.axes.size());
  for (size_t a = p.axes.size(); a-- > 0;) {
    kernel.push_back(p.axes[a].kernel);
    strides.push_back(p.axes[a].stride);
  }
  std::vector axes(plan.algorithms.rbegin(), plan.algorithms.rend());
  std::vector<double> phased =
      ir::phaseFilter(filters, p.outChannels, p.inChannels / p.groups, kernel, strides);
  int64_t channels = p.inChannels / p.groups;
  std::vector<ir::WinogradSplit> splits;
  for (size_t a = 0; a < kernel.size(); ++a) {
    channels *= strides[a];
    kernel[a] = (kernel[a] + strides[a] - 1) / strides[a];
    splits.push_back(ir::splitForWinograd(axes[a].outputs, kernel[a]));
  }
  std::vector<double> pieces = ir::pieceFilter(phased, p.outChannels, channels, kernel, splits);
  std::vector<double> u = ir::transformFilter(pieces, p.outChannels, plan.depth, axes);
  Buffer<float> result(static_cast<int>(plan.panelWidth), static_cast<int>(plan.depth),
                       static_cast<int>(plan.panels), static_cast<int>(plan.products));
  result.for_each_element([&](int lane, int channel, int panel, int point) {
    int64_t o = panel * plan.panelWidth + lane;
    int64_t index = (point * p.outChannels + o) * plan.depth + channel;
    result(lane, channel, panel, point) =
        o < p.outChannels ? static_cast<float>(u[static_cast<size_t>(index)]) : 0;
  });
  return result;
}

/// Compiles and runs the convolution with a bias added.
Buffer<float> convolve(const WinogradPlan &plan, const Buffer<float> &input,
                       const Buffer<float> &weights, const Buffer<float> &bias) {
  auto operand = [](const std::string &name, const Buffer<float> &value) {
    ImageParam param(Float(32), value.dimensions(), name);
    std::vector<int64_t> extents;
    for (int d = 0; d < value.dimensions(); ++d)
      extents.push_back(value.dim(d).extent());
    pinDense(param, extents);
    param.set(value);
    return param;
  };
  ImageParam inputs = operand("input", input), biases = operand("bias", bias),
             filters = operand("weights", weights);
  Region region{{Expr(), Expr()}};
  for (const ConvAxis &axis : plan.problem.axes)
    region.push_back({0, static_cast<int>(axis.in)});
  region.push_back({Expr(), Expr()});
  WinogradStages stages =
      emitWinograd(plan, BoundaryConditions::constant_exterior(inputs, 0.0f, region),
                   [&](const Expr &lane, const Expr &channel, const Expr &panel,
                       const Expr &point) { return filters(lane, channel, panel, point); });
  std::vector<Var> args = stages.inverse.args();
  Func output("output");
  output(args) = stages.inverse(std::vector<Expr>(args.begin(), args.end())) + biases(args[0]);
  std::vector<int64_t> extents = mapExtents(plan.problem, true);
  pinDense(output.output_buffer(), extents);
  scheduleWinograd(plan, stages, output);
  Buffer<float> result(std::vector<int>(extents.begin(), extents.end()));
  result.fill(std::nanf(""));
  output.realize(result);
  return result;
}

class WinogradConv : public testing::TestWithParam<Case> {};

TEST_P(WinogradConv, StaysWithinTheBound) {
  const Case &test = GetParam();
  const SpatialConv &p = test.problem;
  const CpuTarget cpu = cpuTargetOf(get_jit_target_from_environment());
  ASSERT_EQ(whyNotWinograd(p, test.outputs), "");
  const WinogradPlan plan = planWinograd(p, test.outputs, cpu, test.knobs);

  std::mt19937 random(5);
  Buffer<float> input = filled(mapExtents(p, false), random),
                bias = filled({p.outChannels}, random);
  int64_t taps = p.inChannels / p.groups;
  for (const ConvAxis &axis : p.axes)
    taps *= axis.kernel;
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> filters(static_cast<size_t>(p.outChannels * taps));
  for (double &value : filters)
    value = uniform(random);
  Buffer<float> result = convolve(plan, input, packedWeights(plan, filters), bias);

  double scale = 0;
  for (int64_t o = 0; o < p.outChannels; ++o) {
    double sum = 0;
    for (int64_t k = 0; k < taps; ++k)
      sum += std::abs(filters[static_cast<size_t>(o * taps + k)]);
    scale = std::max(scale, sum);
  }
  const double u = std::ldexp(1.0, -24);
  // The bias costs one more rounding.
  double bound = scale * ir::errorBound(plan.algorithms, plan.depth, u) + 2 * u * (scale + 1);
  Definition exact(p, input.data(), filters);
  double worst = 0;
  result.for_each_element([&](const int *at) {
    size_t axes = p.axes.size();
    int64_t place[3] = {0, 0, 0};
    for (size_t a = 0; a < axes; ++a)
      place[a] = at[1 + a];
    double expected = exact.at(at[0], place[0], place[1], place[2], at[1 + axes]) + bias(at[0]);
    double error = std::abs(expected - result(at));
    if (!(error <= worst))
      worst = error;
  });
  EXPECT_TRUE(worst <= bound) << worst << " > " << bound;
  // The bound is far from what is seen: a wrong index must not hide below it.
  EXPECT_TRUE(worst <= 1e-4 * std::sqrt(static_cast<double>(taps))) << worst;
}

ConvAxis axis(int64_t in, int64_t kernel, int64_t low, int64_t high, int64_t stride = 1,
              int64_t dilation = 1) {
  ConvAxis result{.in = in,
                  .kernel = kernel,
                  .stride = stride,
                  .dilation = dilation,
                  .padLow = low,
                  .padHigh = high};
  result.out = (in + low + high - result.span()) / stride + 1;
  return result;
}

SpatialConv conv(int64_t batch, int64_t in, int64_t out, int64_t groups,
                 const std::vector<ConvAxis> &axes) {
  return {.batch = batch, .inChannels = in, .outChannels = out, .groups = groups, .axes = axes};
}

SpatialConv square(int64_t channels, int64_t size, int64_t kernel) {
  ConvAxis both = axis(size, kernel, kernel / 2, kernel / 2);
  return conv(1, channels, channels, 1, {both, both});
}

std::vector<Case> shapes() {
  WinogradKnobs whole{.tilesPerBlock = {3, 2}, .wholeProducts = true};
  WinogradKnobs panels{.tilesPerBlock = {2, 3}, .wholeProducts = false};
  WinogradKnobs oneByOne{.tile = RegisterTile{.nv = 1, .mx = 1}};
  return {
      {square(16, 8, 3), {2, 2}, "Plain"},
      {square(24, 29, 3), {4, 4}, "BlocksWhole", whole},
      {square(24, 29, 3), {4, 4}, "BlocksPanels", panels},
      {square(16, 13, 3), {3, 3}, "SmallestTile", oneByOne},
      {conv(2, 5, 7, 1, {axis(13, 3, 1, 1), axis(11, 3, 1, 1)}), {4, 2}, "PrimeChannels"},
      {conv(1, 1, 1, 1, {axis(9, 3, 1, 1), axis(9, 3, 1, 1)}), {2, 2}, "OneChannel"},
      {conv(1, 37, 9, 1, {axis(9, 3, 1, 1), axis(9, 3, 1, 1)}), {2, 4}, "ManyOddChannels"},
      {conv(1, 20, 8, 1, {axis(9, 3, 1, 1), axis(9, 3, 1, 1)}), {2, 2}, "DivisorOfChannels"},
      {conv(1, 3, 8, 1, {axis(1, 3, 1, 1), axis(1, 3, 1, 1)}), {4, 4}, "OnePixel"},
      {conv(1, 8, 16, 1, {axis(14, 5, 3, 0), axis(14, 4, 0, 2)}), {3, 2}, "Asymmetric"},
      {conv(1, 8, 8, 1, {axis(20, 7, 3, 3), axis(9, 1, 0, 0)}), {3, 1}, "OneRowFilter"},
      {conv(1, 8, 8, 1, {axis(9, 1, 0, 0), axis(20, 3, 1, 1)}), {1, 4}, "OneColumnFilter"},
      {conv(3, 12, 40, 1, {axis(21, 5, 2, 2), axis(18, 5, 2, 2)}), {4, 4}, "Batch"},
      {conv(2, 8, 8, 1, {axis(17, 3, 1, 1, 2), axis(17, 3, 1, 1, 2)}), {2, 2}, "Strided"},
      {conv(1, 3, 16, 1, {axis(30, 7, 3, 3, 2), axis(28, 7, 3, 3, 2)}), {3, 3}, "Stem"},
      {conv(1, 8, 8, 1, {axis(22, 5, 2, 2, 3), axis(21, 3, 1, 1, 1)}), {3, 2}, "StrideThree"},
      {conv(1, 8, 8, 1, {axis(30, 3, 2, 2, 1, 2), axis(31, 3, 3, 3, 1, 3)}), {4, 2}, "Dilated"},
      {conv(2, 4, 8, 1, {axis(24, 3, 2, 2, 2, 3), axis(23, 3, 2, 2, 3, 2)}), {2, 3}, "Both"},
      {conv(1, 16, 32, 2, {axis(14, 3, 1, 1), axis(14, 3, 1, 1)}), {4, 4}, "Groups"},
      {conv(1, 12, 64, 4, {axis(11, 3, 1, 1, 2), axis(11, 3, 1, 1, 2)}), {2, 2}, "StridedGroups"},
      {conv(1, 8, 8, 1, {axis(50, 3, 1, 1)}), {6}, "Axis1"},
      {conv(2, 5, 9, 1, {axis(41, 4, 3, 0, 1, 2)}), {5}, "Axis1Dilated"},
      {conv(1, 8, 16, 1, {axis(40, 9, 4, 4, 2)}), {3}, "Axis1Strided"},
      {conv(2, 5, 16, 1, {axis(40, 19, 9, 9, 2), axis(9, 3, 1, 1)}), {4, 2}, "StridedPieces"},
      {conv(1, 16, 32, 2, {axis(40, 10, 9, 0, 1, 2)}), {6}, "DilatedPiecesOfGroups"},
      {conv(1, 16, 32, 2, {axis(60, 10, 9, 0, 1, 2)}), {12}, "DilatedNestedInGroups"},
      {conv(2, 5, 16, 1, {axis(60, 19, 9, 9, 2), axis(9, 3, 1, 1)}), {9, 2}, "StridedNested"},
      {conv(1, 6, 6, 6, {axis(100, 28, 27, 0)}), {8}, "DepthwiseNested"},
      {conv(1, 8, 8, 1, {axis(9, 3, 1, 1), axis(8, 3, 1, 1), axis(7, 3, 1, 1)}),
       {2, 2, 2},
       "Axes3"},
      {conv(2, 3, 8, 1, {axis(9, 3, 1, 1, 2), axis(8, 2, 0, 1), axis(7, 3, 2, 2, 1, 2)}),
       {2, 3, 2},
       "Axes3Mixed"},
  };
}

/// All tiles of a filter 3 x 3, and larger filters.
std::vector<Case> tiles() {
  std::vector<Case> all;
  for (int64_t m = 1; m <= 6; ++m)
    all.push_back({square(8, 3 * m + 1, 3), {m, m}, fmt::format("F{}x3", m)});
  for (int64_t r : {2, 4, 5, 7, 9, 11})
    all.push_back({square(8, 15, r), {2, 3}, fmt::format("F2x{}", r)});
  // Nested: F(3, 3) or F(4, 4) within blocks.
  for (auto [m, r] : {std::pair{9, 8}, {9, 9}, {12, 11}, {8, 10}, {9, 15}, {12, 7}, {8, 6}})
    all.push_back({square(8, 25, r), {m, m}, fmt::format("Nested{}x{}", m, r)});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradConv, testing::ValuesIn(shapes()),
                         [](const auto &info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Tiles, WinogradConv, testing::ValuesIn(tiles()),
                         [](const auto &info) { return info.param.name; });

TEST(WhyNotWinograd, SaysWhy) {
  EXPECT_NE(whyNotWinograd(square(8, 9, 3), {2}), "");
  EXPECT_NE(whyNotWinograd(square(8, 9, 3), {0, 2}), "");
  EXPECT_NE(whyNotWinograd(square(8, 90, 3), {40, 40}), "");
  EXPECT_EQ(whyNotWinograd(conv(1, 8, 8, 8, {axis(9, 3, 1, 1)}), {2}), ""); // of one channel
}

} // namespace
} // namespace quern::codegen
