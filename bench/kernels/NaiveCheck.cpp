#include "bench/kernels/NaiveCheck.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::bench {

namespace {

double inputAt(const Layer &layer, const LayerData &data, int64_t c, int64_t x, int64_t y,
               int64_t n) {
  const auto &p = layer.problem;
  int64_t index = p.planarInput ? ((n * p.inChannels + c) * p.inHeight + y) * p.inWidth + x
                                : ((n * p.inHeight + y) * p.inWidth + x) * p.inChannels + c;
  return data.input[static_cast<size_t>(index)];
}

double window(const Layer &layer, const LayerData &data, int64_t o, int64_t x, int64_t y,
              int64_t n) {
  const auto &p = layer.problem;
  bool maximum = layer.kind == LayerKind::MaxPool;
  bool ownChannel = layer.kind != LayerKind::Conv && layer.kind != LayerKind::Linear;
  int64_t channels = ownChannel ? 1 : p.inChannels;
  double result = maximum ? -std::numeric_limits<double>::infinity() : 0;
  for (int64_t ky = 0; ky < p.kernelY; ++ky)
    for (int64_t kx = 0; kx < p.kernelX; ++kx) {
      int64_t ix = x * p.strideX + kx - p.padLeft, iy = y * p.strideY + ky - p.padTop;
      if (ix < 0 || iy < 0 || ix >= p.inWidth || iy >= p.inHeight)
        continue;
      for (int64_t i = 0; i < channels; ++i) {
        double value = inputAt(layer, data, ownChannel ? o : i, ix, iy, n);
        if (maximum)
          result = std::max(result, value);
        else
          result += value * data.weights[static_cast<size_t>(
                                ((o * channels + i) * p.kernelY + ky) * p.kernelX + kx)];
      }
    }
  return result;
}

double mean(const Layer &layer, const LayerData &data, int64_t c, int64_t n) {
  const auto &p = layer.problem;
  double sum = 0;
  for (int64_t y = 0; y < p.inHeight; ++y)
    for (int64_t x = 0; x < p.inWidth; ++x)
      sum += inputAt(layer, data, c, x, y, n);
  return sum / static_cast<double>(p.inWidth * p.inHeight);
}

} // namespace

double naiveError(const Layer &layer, const LayerData &data, std::span<const float> output) {
  const auto &p = layer.problem;
  double largest = 0;
  for (float value : output) {
    if (std::isnan(value))
      return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::fabs(static_cast<double>(value)));
  }
  auto total = static_cast<int64_t>(output.size());
  // An odd prime step visits all channels and positions alike.
  int64_t step = p.flops() < 2e7 ? 1 : std::max<int64_t>(1, total / 4000) | 1;
  double worst = 0;
  for (int64_t index = 0; index < total; index += step) {
    int64_t o = index % p.outChannels, rest = index / p.outChannels;
    int64_t x = rest % p.outWidth, y = rest / p.outWidth % p.outHeight,
            n = rest / p.outWidth / p.outHeight;
    if (layer.kind == LayerKind::MeanPool) {
      x = y = 0;
      n = rest;
    }
    double expected = layer.kind == LayerKind::MeanPool ? mean(layer, data, o, n)
                                                        : window(layer, data, o, x, y, n);
    if (!data.bias.empty())
      expected += data.bias[static_cast<size_t>(o)];
    if (layer.residual)
      expected += data.residual[static_cast<size_t>(index)];
    if (layer.activation != Activation::None)
      expected = std::max(expected, 0.0);
    if (layer.activation == Activation::Relu6)
      expected = std::min(expected, 6.0);
    double error = std::fabs(expected - static_cast<double>(output[static_cast<size_t>(index)]));
    if (!(error <= worst))
      worst = error;
  }
  return worst / std::max(largest, 1e-30);
}

} // namespace quern::bench
