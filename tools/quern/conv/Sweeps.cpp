#include "tools/quern/conv/Sweeps.h"

namespace quern::tools {

passes::ConvShape sameConv(int64_t batch, int64_t in, int64_t out, int64_t size, int64_t kernelY,
                           int64_t kernelX) {
  passes::ConvShape shape;
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

std::vector<ConvLayer> sweepLayers(const std::string &name, int64_t batch,
                                   passes::ConvElement element) {
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
  for (const Row &row : rows) {
    layers.push_back({.label = row.label,
                      .count = row.count,
                      .shape = sameConv(batch, row.in, row.out, row.size, 3, 3)});
    layers.back().shape.element = element;
  }
  return layers;
}

} // namespace quern::tools
