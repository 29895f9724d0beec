#include "codegen/halide/schedules/Buffers.h"
#include "codegen/halide/schedules/Fft.h"
#include "ir/conv/Dft.h"

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
  std::vector<int64_t> sizes{}; ///< of the transforms; empty: chosen by the plan
  std::string name;
};

std::vector<int64_t> mapExtents(const SpatialConv &p, bool output) {
  std::vector<int64_t> extents{output ? p.outChannels : p.inChannels};
  for (const ConvAxis &axis : p.axes)
    extents.push_back(output ? axis.out : axis.in);
  extents.push_back(p.batch);
  return extents;
}

int64_t product(const std::vector<int64_t> &extents) {
  int64_t count = 1;
  for (int64_t extent : extents)
    count *= extent;
  return count;
}

/// The definition, in double precision: maps (c, x, y, z, n) and filters [O][I][kz][ky][kx].
std::vector<double> naive(const SpatialConv &p, const float *input,
                          const std::vector<double> &filters) {
  std::vector<ConvAxis> a = p.axes;
  a.resize(3);
  const int64_t inChannels = p.inChannels / p.groups, outChannels = p.outChannels / p.groups;
  std::vector<double> out;
  out.reserve(product(mapExtents(p, true)));
  for (int64_t n = 0; n < p.batch; ++n)
    for (int64_t z = 0; z < a[2].out; ++z)
      for (int64_t y = 0; y < a[1].out; ++y)
        for (int64_t x = 0; x < a[0].out; ++x)
          for (int64_t o = 0; o < p.outChannels; ++o) {
            double sum = 0;
            for (int64_t kz = 0; kz < a[2].kernel; ++kz)
              for (int64_t ky = 0; ky < a[1].kernel; ++ky)
                for (int64_t kx = 0; kx < a[0].kernel; ++kx) {
                  int64_t ix = x + kx * a[0].dilation - a[0].padLow;
                  int64_t iy = y + ky * a[1].dilation - a[1].padLow;
                  int64_t iz = z + kz * a[2].dilation - a[2].padLow;
                  if (ix < 0 || iy < 0 || iz < 0 || ix >= a[0].in || iy >= a[1].in || iz >= a[2].in)
                    continue;
                  for (int64_t i = 0; i < inChannels; ++i) {
                    int64_t channel = o / outChannels * inChannels + i;
                    int64_t at =
                        (((n * a[2].in + iz) * a[1].in + iy) * a[0].in + ix) * p.inChannels +
                        channel;
                    int64_t tap = (((o * inChannels + i) * a[2].kernel + kz) * a[1].kernel + ky) *
                                      a[0].kernel +
                                  kx;
                    sum += static_cast<double>(input[at]) * filters[tap];
                  }
                }
            out.push_back(sum);
          }
  return out;
}

ImageParam operand(const std::string &name, const std::vector<int64_t> &extents) {
  ImageParam param(Float(32), static_cast<int>(extents.size()), name);
  pinDense(param, extents);
  return param;
}

Func paddedInput(const SpatialConv &p, const ImageParam &input) {
  Region region{{Expr(), Expr()}};
  for (const ConvAxis &axis : p.axes)
    region.push_back({0, static_cast<int>(axis.in)});
  region.push_back({Expr(), Expr()});
  return BoundaryConditions::constant_exterior(input, 0.0f, region);
}

Buffer<float> filled(const std::vector<int64_t> &extents) {
  return Buffer<float>(std::vector<int>(extents.begin(), extents.end()));
}

ir::FilterTransform filterTransform(const SpatialConv &p, const std::vector<int64_t> &sizes) {
  ir::FilterTransform shape{.outChannels = p.outChannels, .inChannels = p.inChannels / p.groups};
  for (size_t i = 0; i < sizes.size(); ++i) {
    const ConvAxis &axis = p.axes[i];
    bool sums = ir::sumsSpectra(p.outChannels, p.inChannels / p.groups, p.groups);
    shape.lead.push_back(ir::unitStride(axis, sums).wrappedPadding(sizes[i]));
    shape.kernel.push_back(axis.kernel);
    shape.dilation.push_back(axis.dilation);
  }
  shape.sizes = sizes;
  return shape;
}

void PrintTo(const Case &test, std::ostream *out) { *out << test.name; }

class FftConv : public testing::TestWithParam<Case> {};

TEST_P(FftConv, StaysWithinTheBound) {
  const Case &test = GetParam();
  const SpatialConv &p = test.problem;
  const CpuTarget cpu = cpuTargetOf(get_jit_target_from_environment());
  const std::vector<int64_t> sizes = test.sizes.empty() ? chooseFftSizes(p, cpu) : test.sizes;
  const FftPlan plan = planFft(p, sizes, cpu);

  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1, 1);
  int64_t taps = p.inChannels / p.groups;
  for (const ConvAxis &axis : p.axes)
    taps *= axis.kernel;
  std::vector<double> filters(p.outChannels * taps);
  for (double &value : filters)
    value = uniform(random);
  Buffer<float> input = filled(mapExtents(p, false)), bias = filled({p.outChannels});
  input.for_each_value([&](float &value) { value = uniform(random); });
  bias.for_each_value([&](float &value) { value = uniform(random); });

  std::vector<float> packed =
      packFftWeights(plan, ir::transformFilter(filters, filterTransform(p, sizes)));
  ASSERT_EQ(static_cast<int64_t>(packed.size()), product(fftWeightExtents(plan)));
  Buffer<float> weights = filled(fftWeightExtents(plan));
  std::copy(packed.begin(), packed.end(), weights.begin());

  ImageParam inputParam = operand("input", mapExtents(p, false));
  ImageParam weightParam = operand("weights", fftWeightExtents(plan));
  ImageParam biasParam = operand("bias", {p.outChannels});
  Func padded = paddedInput(p, inputParam);
  FftStages stages = emitFft(plan, padded, weightParam);
  std::vector<Var> args = stages.inverse.args();
  Func output("output");
  output(args) = stages.inverse(std::vector<Expr>(args.begin(), args.end())) + biasParam(args[0]);
  pinDense(output.output_buffer(), mapExtents(p, true));
  scheduleFft(plan, stages, padded, output);
  inputParam.set(input);
  weightParam.set(weights);
  biasParam.set(bias);
  Buffer<float> result = filled(mapExtents(p, true));
  result.fill(std::nanf(""));
  output.realize(result);

  double scale = 0;
  for (int64_t o = 0; o < p.outChannels; ++o) {
    double sum = 0;
    for (int64_t k = 0; k < taps; ++k)
      sum += std::abs(filters[o * taps + k]);
    scale = std::max(scale, sum);
  }
  double samples = 1;
  for (size_t i = 0; i < sizes.size(); ++i)
    samples *= static_cast<double>(std::min(sizes[i], p.axes[i].in));
  const double u = std::ldexp(1.0, -24);
  // The bias costs one more rounding.
  double bound =
      scale * ir::fftErrorBound(sizes, p.inChannels / p.groups, samples, u) + u * (scale + 1);
  std::vector<double> exact = naive(p, input.data(), filters);
  double worst = 0, largest = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    double error = std::abs(exact[i] + bias.data()[i % p.outChannels] - result.data()[i]);
    ASSERT_TRUE(error <= bound) << "at " << i << " error " << error << " bound " << bound;
    worst = std::max(worst, error);
    largest = std::max(largest, std::abs(exact[i]));
  }
  // The bound is far from what is seen: an error worth a wrong index must not hide below it.
  EXPECT_TRUE(worst <= 1e-5 * scale / std::sqrt(static_cast<double>(taps)))
      << worst << " " << scale;
}

SpatialConv conv(int64_t batch, int64_t in, int64_t out, int64_t groups,
                 std::vector<ConvAxis> axes) {
  for (ConvAxis &axis : axes)
    axis.out = axis.in + axis.padLow + axis.padHigh - axis.span() + 1;
  return {.batch = batch, .inChannels = in, .outChannels = out, .groups = groups, .axes = axes};
}

ConvAxis axis(int64_t in, int64_t kernel, int64_t low, int64_t high, int64_t dilation = 1) {
  return {.in = in, .kernel = kernel, .dilation = dilation, .padLow = low, .padHigh = high};
}

std::vector<Case> cases() {
  return {
      {conv(1, 8, 8, 1, {axis(16, 5, 2, 2), axis(16, 5, 2, 2)}), {12, 12}, "Tiles"},
      {conv(1, 8, 8, 1, {axis(16, 5, 2, 2), axis(16, 5, 2, 2)}), {18, 18}, "Whole"},
      {conv(2, 16, 24, 1, {axis(19, 7, 3, 3), axis(23, 7, 3, 3)}), {14, 15}, "Batch"},
      {conv(1, 5, 7, 1, {axis(13, 3, 1, 1), axis(11, 3, 1, 1)}), {8, 9}, "PrimeChannels"},
      {conv(1, 1, 1, 1, {axis(17, 5, 2, 2), axis(17, 5, 2, 2)}), {}, "OneChannel"},
      {conv(1, 3, 2, 1, {axis(1, 1, 0, 0), axis(1, 1, 0, 0)}), {1, 1}, "OnePixel"},
      {conv(1, 3, 2, 1, {axis(1, 3, 1, 1), axis(1, 3, 1, 1)}), {2, 2}, "OnePixelPadded"},
      {conv(1, 7, 11, 1, {axis(7, 3, 3, 3, 3), axis(1, 1, 2, 1)}), {10, 3}, "PixelAmongZeros"},
      {conv(1, 8, 8, 1, {axis(20, 15, 7, 7), axis(9, 1, 0, 0)}), {27, 4}, "OneRowFilter"},
      {conv(1, 8, 16, 1, {axis(14, 5, 3, 0), axis(14, 4, 0, 2)}), {20, 9}, "Asymmetric"},
      {conv(1, 8, 8, 1, {axis(30, 5, 4, 4, 2), axis(30, 3, 3, 3, 3)}), {21, 22}, "Dilated"},
      {conv(1, 16, 16, 16, {axis(28, 15, 7, 7), axis(28, 15, 7, 7)}), {35, 35}, "DepthwiseWhole"},
      {conv(2, 11, 11, 11, {axis(21, 7, 3, 3), axis(18, 7, 3, 3)}), {13, 14}, "DepthwiseTiles"},
      {conv(1, 8, 8, 1, {axis(100, 31, 15, 15)}), {60}, "Axis1"},
      {conv(2, 4, 9, 1, {axis(1000, 200, 199, 0)}), {1200}, "Axis1Long"},
      {conv(1, 24, 24, 24, {axis(2000, 300, 299, 0)}), {1024}, "Axis1Causal"},
      {conv(1, 8, 8, 8, {axis(4096, 4096, 4095, 0)}), {8192}, "Axis1Whole"},
      {conv(1, 1, 1, 1, {axis(3000, 1024, 1023, 0)}), {4096}, "Axis1OneChannel"},
      {conv(1, 1, 1, 1, {axis(3000, 1024, 1023, 0)}), {3840}, "Axis1SampleVectors"},
      {conv(2, 1, 1, 1, {axis(5001, 700, 0, 699)}), {3840}, "Axis1SampleVectorTiles"},
      {conv(1, 8, 8, 1, {axis(9, 5, 2, 2), axis(8, 3, 1, 1), axis(7, 4, 1, 2)}),
       {9, 8, 7},
       "Axes3"},
      {conv(1, 3, 8, 1, {axis(9, 5, 2, 2), axis(8, 3, 1, 1), axis(7, 4, 1, 2)}),
       {8, 7, 6},
       "Axes3Tiles"},
      {conv(1, 8, 8, 8, {axis(12, 5, 2, 2), axis(11, 5, 2, 2), axis(10, 5, 2, 2)}),
       {8, 8, 8},
       "Axes3Depthwise"},
      {conv(1, 8, 8, 1, {axis(70, 9, 4, 4), axis(66, 9, 4, 4)}), {75, 63}, "OddSizes"},
  };
}

/// Every small length, as the real transform of x and as the complex one of y.
std::vector<Case> lengths() {
  std::vector<Case> all;
  for (int64_t n = 2; n <= 16; ++n)
    all.push_back({.problem = conv(1, 8, 8, 8, {axis(n - 1, 2, 1, 0), axis(n - 1, 2, 0, 1)}),
                   .sizes = {n, n},
                   .name = fmt::format("Length{}", n)});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Lengths, FftConv, testing::ValuesIn(lengths()),
                         [](const auto &info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Shapes, FftConv, testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace quern::codegen
