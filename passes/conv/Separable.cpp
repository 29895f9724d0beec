// Separable filters: where the weights are products of a row and a column, and all filters that
// read an input channel share one of them, a pass along a line of each channel comes first, and a
// convolution along the other axis does the rest. Blurs of one channel each are such, boxes and
// Gaussians; trained filters hardly ever.
#include "ir/conv/SeparableFilter.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/DirectCost.h"
#include "passes/conv/MachineTime.h"

#include <fmt/format.h>

#include <cmath>
#include <random>

namespace quern::passes {
namespace {

/// What factors may miss of the filter, of the sum of a filter's absolute weights: some roundings
/// of f32, so that nothing is taken for separable that is not.
constexpr double tolerance = 16 * unitRoundoff;

/// Share of the peak that the pass along lines reaches (bench/conv/choice.md).
constexpr double lineEfficiency = 0.22;

/// The axis along which the shared factor runs.
size_t sharedAxis(const Tile &tile) { return tile[0] == 1 ? 1 : 0; }

ir::SeparableShape separableShape(const ConvShape &shape, const Tile &tile) {
  return {.groups = shape.groups,
          .outputs = shape.outChannels,
          .inputs = shape.channelsPerGroup(),
          .height = shape.axes[0].kernel,
          .width = shape.axes[1].kernel,
          .sharesRows = sharedAxis(tile) == 1};
}

/// What is left to convolve when the lines are done.
ConvShape restOf(const ConvShape &shape, const Tile &tile) {
  ConvShape rest = shape;
  ConvAxis &axis = rest.axes[sharedAxis(tile)];
  axis = {.in = axis.out, .out = axis.out};
  return rest;
}

class Separable final : public ConvAlgorithm {
public:
  ir::ConvAlgorithm kind() const override { return ir::ConvAlgorithm::separable; }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (!shape.isF32())
      return "its kernels are made for f32 only";
    if (!shape.hasConstantFilter)
      return "the filter is not known when the model is compiled";
    if (shape.axes.size() != 2)
      return "separates two spatial axes";
    if (shape.axes[0].kernel == 1 || shape.axes[1].kernel == 1)
      return "a line of taps has nothing to separate";
    if (shape.groups > 1 && !shape.isDepthwise())
      return "has no kernel for groups of several channels";
    return "";
  }

  llvm::SmallVector<Tile> tiles(const ConvShape &shape) const override {
    // Columns first: of equal cost, they are faster.
    return {{shape.axes[0].kernel, 1}, {1, shape.axes[1].kernel}};
  }

  std::string weightRefusal(const ConvShape &shape, const Tile &tile,
                            std::optional<FilterView> filter) const override {
    if (!filter)
      return "depends on the weights, which are not known";
    if (!llvm::all_of(filter->values, [](float w) { return std::isfinite(w); }))
      return "its weights are not all finite numbers";
    ir::SeparableShape separable = separableShape(shape, tile);
    double error = 0;
    // The filters of one convolution, or of several of that shape.
    auto each = static_cast<size_t>(shape.outChannels * shape.channelsPerGroup() * shape.taps());
    for (llvm::ArrayRef<float> rest = filter->values; !rest.empty(); rest = rest.drop_front(each)) {
      std::vector<double> values(rest.begin(), rest.begin() + each);
      error =
          std::max(error, ir::separationError(separable, values, ir::separate(separable, values)));
    }
    if (error <= tolerance)
      return "";
    return fmt::format("its filters are not products of two lines, one of them shared: {:.1e} of a "
                       "filter is left",
                       error);
  }

  /// One row and one column for each input channel, which filters of different size share.
  std::vector<float> suitableWeights(const ConvShape &shape) const override {
    std::mt19937 random(4);
    auto draw = [&](int64_t count) {
      std::vector<float> values(static_cast<size_t>(count));
      for (float &value : values)
        value = static_cast<float>(static_cast<double>(random()) * 0x1p-31 - 1);
      return values;
    };
    int64_t height = shape.axes[0].kernel, width = shape.axes[1].kernel;
    int64_t inputs = shape.channelsPerGroup(), outputsEach = shape.outChannels / shape.groups;
    std::vector<float> columns = draw(shape.inChannels * height),
                       rows = draw(shape.inChannels * width), sizes = draw(shape.outChannels),
                       weights;
    for (int64_t o = 0; o < shape.outChannels; ++o)
      for (int64_t i = 0; i < inputs; ++i)
        for (int64_t tap = 0; tap < height * width; ++tap) {
          int64_t channel = o / outputsEach * inputs + i;
          weights.push_back(sizes[static_cast<size_t>(o)] *
                            columns[static_cast<size_t>(channel * height + tap / width)] *
                            rows[static_cast<size_t>(channel * width + tap % width)]);
        }
    return weights;
  }

  ConvCost cost(const ConvShape &shape, const Tile &tile, const Machine &machine) const override {
    ConvShape rest = restOf(shape, tile);
    const ConvAxis &axis = shape.axes[sharedAxis(tile)];
    int64_t products = rest.inputBytes() / 4 * axis.kernel;
    double lines = timeToCompute(machine, 2 * static_cast<double>(products), lineEfficiency);
    // A strip of lines for each thread at most the whole, each pixel followed by a cache line.
    int64_t workspace = rest.inputBytes() / rest.inChannels * (rest.inChannels + 16);
    return {.microseconds = directMicroseconds(rest, machine) + lines / 1000,
            .workspaceBytes = workspace};
  }

  double errorBound(const ConvShape &shape, const Tile &tile) const override {
    // Both factors are rounded, and may miss the filter by the tolerance.
    int64_t sums = shape.axes[sharedAxis(tile)].kernel +
                   shape.channelsPerGroup() * restOf(shape, tile).taps() + 2;
    return roundings(static_cast<double>(sums)) * (1 + tolerance) + tolerance;
  }

  std::vector<float> simulate(const SampleConv &sample, const Tile &tile) const override;
};

/// The sample's factors in f32. Each output has a shared factor of its own: outputs of a sample may
/// be of different groups.
struct SampleFactors {
  ir::SeparableShape shape;
  std::vector<float> rest, shared;

  SampleFactors(const SampleConv &sample, bool sharesRows)
      : shape{.groups = sample.outputs,
              .outputs = sample.outputs,
              .inputs = sample.channels,
              .height = sample.kernel[0],
              .width = sample.kernel[1],
              .sharesRows = sharesRows} {
    std::vector<double> filter(sample.filter.begin(), sample.filter.end());
    ir::SeparableFactors factors = ir::separate(shape, filter);
    rest.assign(factors.rest.begin(), factors.rest.end());
    shared.assign(factors.shared.begin(), factors.shared.end());
  }
};

std::vector<float> Separable::simulate(const SampleConv &sample, const Tile &tile) const {
  bool sharesRows = sharedAxis(tile) == 1;
  SampleFactors factors(sample, sharesRows);
  int64_t lineTaps = factors.shape.sharedTaps(), restTaps = factors.shape.restTaps();
  int64_t width = sample.in()[1], alongLine = sharesRows ? 1 : width,
          alongRest = sharesRows ? width : 1;
  std::vector<float> sums;
  for (int64_t o = 0; o < sample.outputs; ++o)
    for (int64_t p = 0; p < sample.outputSize(); ++p) {
      int64_t place = p / sample.out[1] * width + p % sample.out[1];
      float sum = 0;
      for (int64_t c = 0; c < sample.channels; ++c)
        for (int64_t r = 0; r < restTaps; ++r) {
          const float *x = sample.input.data() + c * sample.inputSize() + place + r * alongRest;
          const float *w = factors.shared.data() + (o * sample.channels + c) * lineTaps;
          float line = 0;
          for (int64_t k = 0; k < lineTaps; ++k)
            line = std::fma(w[k], x[k * alongLine], line);
          sum =
              std::fma(factors.rest[static_cast<size_t>((o * sample.channels + c) * restTaps + r)],
                       line, sum);
        }
      sums.push_back(sum);
    }
  return sums;
}

} // namespace

const ConvAlgorithm &separableConv() {
  static const Separable algorithm;
  return algorithm;
}

} // namespace quern::passes
