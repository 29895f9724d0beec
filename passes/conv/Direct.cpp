// Direct convolution: product by product, in registers. It computes everything, and is what the
// others are compared with.
#include "ir/conv/CacheWay.h"
#include "ir/conv/GroupVectors.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/DirectCost.h"
#include "passes/conv/MachineTime.h"

#include <cmath>

namespace quern::passes {
namespace {

/// Shares of the peak that the kernels reach (bench/conv/choice.md). A depthwise filter with more
/// taps than that is read from memory for each output.
constexpr double denseEfficiency = 0.68;
constexpr double depthwiseEfficiency = 0.50;
constexpr double largeDepthwiseEfficiency = 0.26;
constexpr int64_t tapsInRegisters = 64;
/// Of groups that share vectors, each output with inputs of its own; and of such as have vectors of
/// their own, with the outputs that are computed and dropped: the sums pass through memory.
constexpr double narrowEfficiency = 0.20;
constexpr double paddedEfficiency = 0.50;

/// How much longer a pointwise convolution with a stride takes whose pixels meet in few sets of the
/// first-level cache: patches lie side by side, and others are copied.
constexpr double contention = 1.2;

/// How much longer groups take that share vectors and of which a vector holds parts: inputs are
/// read number by number, but where they are patches.
constexpr double parting = 10;

/// Nanoseconds in which the outputs of a vector are gathered, for each, where sums of groups with
/// vectors of their own are read again.
constexpr double gathering = 1.5;

/// How many times faster zeros are written, most of them to a cache, than read from behind it.
constexpr double cacheSpeed = 4;

/// Of the zeros in a padded copy of the input: more than all else where there is little else.
double paddingBytes(const ConvShape &shape) {
  auto padded = static_cast<double>(shape.inputBytes());
  for (const ConvAxis &axis : shape.axes)
    padded *=
        static_cast<double>(axis.in + axis.padLow + axis.padHigh) / static_cast<double>(axis.in);
  return padded - static_cast<double>(shape.inputBytes());
}

bool isContested(const ConvShape &shape) {
  int64_t stride = shape.axes.back().stride;
  return shape.taps() == 1 && stride > 1 &&
         bytesOf(shape.element) * shape.inChannels * stride % ir::cacheWayBytes == 0;
}

ir::GroupVectors vectorsOf(const ConvShape &shape) {
  return ir::groupVectors(shape.groups, shape.channelsPerGroup(), shape.outChannels / shape.groups);
}

bool areParted(const ConvShape &shape) {
  return vectorsOf(shape) == ir::GroupVectors::shared && !shape.isDepthwise() &&
         ir::mostLanes % (shape.outChannels / shape.groups) != 0;
}

double efficiencyOf(const ConvShape &shape) {
  if (shape.isDepthwise())
    return shape.taps() <= tapsInRegisters ? depthwiseEfficiency : largeDepthwiseEfficiency;
  switch (vectorsOf(shape)) {
  case ir::GroupVectors::whole:
    return denseEfficiency;
  case ir::GroupVectors::shared:
    return narrowEfficiency;
  case ir::GroupVectors::padded:
    return paddedEfficiency;
  }
  llvm_unreachable("no such vectors");
}

class Direct final : public ConvAlgorithm {
public:
  ir::ConvAlgorithm kind() const override { return ir::ConvAlgorithm::direct; }

  std::string shapeRefusal(const ConvShape &) const override { return ""; }
  bool computesProducts() const override { return true; }

  ConvCost costOn(const Machine &machine, const ConvShape &shape, const Tile &) const override {
    // A padded copy of the input, at most, each pixel followed by a cache line.
    int64_t padded = computedBytesOf(shape.element) * shape.batch * (shape.inChannels + 16);
    for (const ConvAxis &axis : shape.axes)
      padded *= axis.in + axis.padLow + axis.padHigh + axis.stride;
    double again =
        vectorsOf(shape) == ir::GroupVectors::padded
            ? gathering * static_cast<double>(shape.batch * shape.outChannels * shape.positions())
            : 0;
    double slower = isContested(shape) ? contention : areParted(shape) ? parting : 1;
    return {.microseconds = again / 1000 + directMicroseconds(shape, machine) * slower +
                            timeToFetch(machine, paddingBytes(shape)) / cacheSpeed / 1000,
            .workspaceBytes = padded};
  }

  double sumErrorBound(const ConvShape &shape, const Tile &, double u) const override {
    return directErrorBound(shape, u);
  }

  std::vector<float> simulate(const SampleConv &sample, const Tile &) const override {
    return sumsInOrder(sample);
  }
};

} // namespace

double directMicroseconds(const ConvShape &shape, const Machine &machine) {
  // Vectors run along output channels; the last one may be part empty, of all or of each group.
  bool arePadded = vectorsOf(shape) == ir::GroupVectors::padded;
  double waste = vectorWaste(machine, shape.outChannels / (arePadded ? shape.groups : 1));
  double flops = 2.0 * static_cast<double>(shape.products());
  double arithmetic = timeToCompute(machine, flops * waste, efficiencyOf(shape));
  double traffic = timeToPass(machine, shape);
  // A depthwise convolution uses each input for few products, too few to wait behind.
  double both = shape.isDepthwise() ? arithmetic + traffic : std::max(arithmetic, traffic);
  double weights = timeToFetch(machine, static_cast<double>(shape.filterBytes()));
  return (both + exposedFetchOfSums * weights) / 1000;
}

double directErrorBound(const ConvShape &shape, double u) {
  return roundings(static_cast<double>(shape.channelsPerGroup() * shape.taps()), u);
}

std::vector<float> sumsInOrder(const SampleConv &sample) {
  int64_t positions = sample.outputSize(), pixels = sample.inputSize(), taps = 1;
  for (int64_t extent : sample.kernel)
    taps *= extent;
  std::vector<float> sums(static_cast<size_t>(sample.outputs * positions), 0.0F);
  llvm::SmallVector<int64_t, 3> in = sample.in();
  auto offset = [&](int64_t index, llvm::ArrayRef<int64_t> box) {
    int64_t at = 0, step = 1;
    for (size_t axis = box.size(); axis-- > 0;) {
      at += index % box[axis] * step;
      index /= box[axis];
      step *= in[axis];
    }
    return at;
  };
  for (int64_t p = 0; p < positions; ++p) {
    int64_t base = offset(p, sample.out);
    for (int64_t t = 0; t < taps; ++t) {
      const float *x = sample.input.data() + base + offset(t, sample.kernel);
      for (int64_t o = 0; o < sample.outputs; ++o) {
        float &sum = sums[static_cast<size_t>(o * positions + p)];
        for (int64_t c = 0; c < sample.channels; ++c)
          sum = std::fma(x[c * pixels],
                         sample.filter[static_cast<size_t>((o * sample.channels + c) * taps + t)],
                         sum);
      }
    }
  }
  return sums;
}

const ConvAlgorithm &directConv() {
  static const Direct algorithm;
  return algorithm;
}

} // namespace quern::passes
