#include "tools/quern/conv/Sweeps.h"

#include "tools/quern/Compilation.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace quern::tools {
namespace {

using passes::ConvShape;

/// A square image and filter that keep the image's size.
ConvShape sameConv(int64_t batch, int64_t in, int64_t out, int64_t size, int64_t kernelY,
                   int64_t kernelX) {
  ConvShape shape;
  shape.batch = batch;
  shape.inChannels = in;
  shape.outChannels = out;
  for (int64_t kernel : {kernelY, kernelX})
    shape.axes.push_back({.in = size,
                          .out = size,
                          .kernel = kernel,
                          .padLow = (kernel - 1) / 2,
                          .padHigh = kernel / 2});
  return shape;
}

/// The fastest of one algorithm, or of all; null where none was measured.
const ConvRecord *fastest(const std::vector<ConvRecord> &records, double maxError,
                          std::optional<ir::ConvAlgorithm> algorithm = {}) {
  const ConvRecord *best = nullptr;
  for (const ConvRecord &record : records)
    if (record.refusal.empty() && record.maxError <= maxError &&
        (!algorithm || record.algorithm == *algorithm) &&
        (!best || record.msMedian < best->msMedian))
      best = &record;
  return best;
}

/// Convolutions in a row, as one thing to compare.
struct Chain {
  int64_t weights = 0, products = 0;
  double directMs = 0, bestMs = 0;
};

Chain measureChain(const std::vector<ConvShape> &shapes, const ConvSetting &setting, ConvLab &lab) {
  Chain chain;
  for (const ConvShape &shape : shapes) {
    std::vector<ConvRecord> records = lab.measure(shape);
    chain.weights += shape.filterBytes() / 4;
    chain.products += shape.products();
    const ConvRecord *direct =
        fastest(records, std::numeric_limits<double>::infinity(), ir::ConvAlgorithm::direct);
    const ConvRecord *best = fastest(records, setting.maxError);
    double missing = std::numeric_limits<double>::quiet_NaN();
    chain.directMs += direct ? direct->msMedian : missing;
    chain.bestMs += best ? best->msMedian : missing;
  }
  return chain;
}

std::string versusText(const char *claim, const std::vector<ConvShape> &a,
                       const std::vector<ConvShape> &b, const ConvSetting &setting, ConvLab &lab) {
  Chain first = measureChain(a, setting, lab), second = measureChain(b, setting, lab);
  return fmt::format("{}\n    weights {} against {} ({:.2f}), multiplications of direct "
                     "convolution {:.1f} against {:.1f} M ({:.2f}),\n    direct {:.2f} against "
                     "{:.2f} ms ({:.2f}), each by its best algorithm {:.2f} against {:.2f} ms "
                     "({:.2f})\n",
                     claim, first.weights, second.weights,
                     static_cast<double>(first.weights) / static_cast<double>(second.weights),
                     static_cast<double>(first.products) * 1e-6,
                     static_cast<double>(second.products) * 1e-6,
                     static_cast<double>(first.products) / static_cast<double>(second.products),
                     first.directMs, second.directMs, first.directMs / second.directMs,
                     first.bestMs, second.bestMs, first.bestMs / second.bestMs);
}

std::string im2colText(const std::vector<ConvLayer> &layers) {
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const ConvLayer &layer : layers)
    for (const ConvRecord &record : layer.records)
      if (record.algorithm == ir::ConvAlgorithm::im2col && record.refusal.empty()) {
        double ratio = static_cast<double>(record.workspaceBytes) /
                       static_cast<double>(layer.shape.inputBytes());
        least = std::min(least, ratio);
        most = std::max(most, ratio);
      }
  return fmt::format("im2col stores the input nine times over for a 3x3 filter\n    its workspace "
                     "is {:.1f} to {:.1f} times the input\n",
                     least, most);
}

std::string winogradText(const std::vector<ConvLayer> &layers, const ConvSetting &setting) {
  double logs = 0, best = 0, worst = std::numeric_limits<double>::infinity();
  int count = 0;
  for (const ConvLayer &layer : layers) {
    const ConvRecord *winograd =
        fastest(layer.records, setting.maxError, ir::ConvAlgorithm::winograd);
    const ConvRecord *direct =
        fastest(layer.records, std::numeric_limits<double>::infinity(), ir::ConvAlgorithm::direct);
    if (!winograd || !direct)
      continue;
    double gain = direct->msMedian / winograd->msMedian;
    logs += std::log(gain);
    best = std::max(best, gain);
    worst = std::min(worst, gain);
    ++count;
  }
  if (count == 0)
    return "";
  return fmt::format("F(2x2, 3x3) saves 2.25 of the multiplications, F(4x4, 3x3) 4\n    the best "
                     "Winograd tile is {:.2f} times as fast as direct convolution (geometric mean "
                     "of {} layers; {:.2f} to {:.2f})\n",
                     std::exp(logs / count), count, worst, best);
}

std::string crossoverText(const ConvSetting &setting, ConvLab &lab) {
  for (int64_t kernel : {3, 5, 7, 9, 11, 13, 15}) {
    std::vector<ConvRecord> records = lab.measure(sameConv(1, 64, 64, 56, kernel, kernel));
    const ConvRecord *fft = fastest(records, setting.maxError, ir::ConvAlgorithm::fft);
    const ConvRecord *direct = fastest(records, setting.maxError, ir::ConvAlgorithm::direct);
    if (fft && direct && fft->msMedian < direct->msMedian)
      return fmt::format("FFT wins on large filters\n    with 64 channels at 56x56 from {0}x{0} "
                         "on: {1:.2f} against {2:.2f} ms of direct convolution\n",
                         kernel, fft->msMedian, direct->msMedian);
  }
  return "FFT wins on large filters\n    not up to 15x15 with 64 channels at 56x56\n";
}

} // namespace

std::vector<ConvLayer> sweepLayers(const std::string &name, int64_t batch) {
  if (name != "vgg")
    return {};
  struct Row {
    const char *label;
    int64_t in, out, size, count;
  };
  constexpr Row rows[] = {
      {"conv1.1", 3, 64, 224, 1},    {"conv1.2", 64, 64, 224, 1},  {"conv2.1", 64, 128, 112, 1},
      {"conv2.2", 128, 128, 112, 1}, {"conv3.1", 128, 256, 56, 1}, {"conv3.2", 256, 256, 56, 3},
      {"conv4.1", 256, 512, 28, 1},  {"conv4.2", 512, 512, 28, 3}, {"conv5", 512, 512, 14, 4}};
  std::vector<ConvLayer> layers;
  for (const Row &row : rows)
    layers.push_back({.label = row.label,
                      .count = row.count,
                      .shape = sameConv(batch, row.in, row.out, row.size, 3, 3)});
  return layers;
}

std::string claimsText(const ConvSetting &setting, const std::vector<ConvLayer> &layers,
                       ConvLab &lab) {
  auto same = [](int64_t in, int64_t out, int64_t ky, int64_t kx) {
    return sameConv(1, in, out, 56, ky, kx);
  };
  std::string text = "\nWhat is said of these algorithms, and what this machine says:\n  ";
  text += winogradText(layers, setting) + "  " + im2colText(layers) + "  ";
  text += versusText("three stacked 3x3 against one 7x7: 27 C^2 against 49 C^2 weights",
                     {same(64, 64, 3, 3), same(64, 64, 3, 3), same(64, 64, 3, 3)},
                     {same(64, 64, 7, 7)}, setting, lab) +
          "  ";
  text += versusText("a bottleneck (1x1 to 64, 3x3, 1x1 back to 256) against one 3x3 of 256",
                     {same(256, 64, 1, 1), same(64, 64, 3, 3), same(64, 256, 1, 1)},
                     {same(256, 256, 3, 3)}, setting, lab) +
          "  ";
  text += versusText("1x3 and 3x1 against 3x3, 64 channels: 6 C^2 against 9 C^2 weights",
                     {same(64, 64, 1, 3), same(64, 64, 3, 1)}, {same(64, 64, 3, 3)}, setting, lab) +
          "  ";
  return text + crossoverText(setting, lab);
}

} // namespace quern::tools
