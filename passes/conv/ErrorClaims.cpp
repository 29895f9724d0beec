#include "passes/conv/ErrorClaims.h"

#include "ir/conv/Division.h"
#include "passes/conv/Exposure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

namespace quern::passes {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Of a sample by the definition: hundredths of a second.
constexpr double mostProducts = 1 << 25;

std::vector<double> madeUpWeights(const ConvShape &shape, int64_t outputs) {
  std::mt19937 random(2);
  std::vector<double> weights(
      static_cast<size_t>(outputs * shape.channelsPerGroup() * shape.taps()));
  for (double &w : weights) // about normal: the sum of four uniform numbers
    w = (static_cast<double>(random()) + random() + random() + random()) * 0x1p-32 - 2;
  shape.maskTaps(weights);
  return weights;
}

} // namespace

/// How much of a convolution is looked at.
struct ErrorClaims::Look {
  int64_t channels, channelsOfLarge;   ///< output channels; of filters of more than 64 taps
  std::array<int64_t, 3> outputsAlong; ///< by the number of axes
  std::array<int64_t, 3> tilesAlong;   ///< where outputs of a tile have errors that differ
};

ErrorClaims::ErrorClaims(const ConvShape &shape, std::optional<FilterView> known,
                         llvm::ArrayRef<float> observed, double budget)
    : shape(shape), observed(observed), budget(budget) {
  if (!known) {
    constexpr int64_t outputs = 8; // however few there are: theirs may be any such
    weights = madeUpWeights(shape, outputs);
    known = FilterView{weights, outputs, shape.channelsPerGroup()};
  }
  filter = *known;
  hasFiniteWeights = llvm::all_of(filter.values, [](double w) { return std::isfinite(w); });
}

MeasuredError ErrorClaims::of(ir::ConvAlgorithm kind, const Tile &tile) const {
  constexpr Look glance{8, 2, {48, 12, 6}, {16, 4, 3}}, closer{8, 4, {768, 48, 15}, {64, 12, 5}};
  constexpr double near = 2; // about what a claim is raised by for want of looks
  if (!hasFiniteWeights)
    return {infinity, infinity};
  const ConvAlgorithm &algorithm = convAlgorithm(kind);
  MeasuredError error = claim(glance, algorithm, tile);
  bool isNear = error.max > budget && error.max <= near * budget;
  return isNear ? claim(closer, algorithm, tile) : error;
}

MeasuredError ErrorClaims::claim(const Look &look, const ConvAlgorithm &algorithm,
                                 const Tile &tile) const {
  SampleConv sample = sampleFor(look, algorithm, tile);
  std::vector<float> computed = algorithm.simulate(sample, tile);
  Tile period = algorithm.errorPeriod(shape, tile);
  auto all = static_cast<double>(shape.batch * shape.outChannels * shape.positions());
  MeasuredError error = expectedError(sample, computed, period, all);
  // Simulated in f32; errors are as large as what each rounding loses. Of few products a sample
  // may show hardly any roundings at all: some each sum has.
  constexpr double leastRoundings = 5;
  double u = computedRoundoff(shape.element), share = u / unitRoundoff;
  if (shape.element == ConvElement::f64)
    share *= 2; // as seen of small layers, and of transforms of many samples
  error.max = std::max(error.max * share, leastRoundings * u);
  error.mean *= share;
  if (double stored = storedRoundoff(shape.element); stored > unitRoundoff) {
    round(computed);
    error = {error.max + stored, expectedError(sample, computed, period, all).mean};
  }
  return error;
}

/// Outputs along each axis of a sample of which each takes that many products: whole tiles, fewer
/// of them where that takes long, and all that a transform computes at once.
std::vector<int64_t> ErrorClaims::outputsAlong(const Look &look, const ConvAlgorithm &algorithm,
                                               const Tile &tile, double productsEach) const {
  constexpr int64_t fewestTiles = 2;
  Tile period = algorithm.errorPeriod(shape, tile);
  size_t rank = shape.axes.size() - 1;
  int64_t tiles = look.tilesAlong[rank], least = look.outputsAlong[rank];
  bool isTiled = llvm::any_of(period, [](int64_t extent) { return extent > 1; });
  for (;; tiles = std::max(fewestTiles, tiles / 2), least /= 2) {
    std::vector<int64_t> along;
    double products = productsEach;
    for (auto [axis, alike, together] :
         llvm::zip_equal(shape.axes, period, algorithm.outputsTogether(shape, tile))) {
      int64_t outputs = alike == 1 ? std::max(least, together)
                                   : alike * std::max(tiles, ir::ceilDiv(least, alike));
      // Nothing is known of what lies around an observed input.
      along.push_back(observed.empty() ? outputs
                                       : std::min(outputs, ir::ceilDiv(axis.out, alike) * alike));
      products *= static_cast<double>(along.back());
    }
    if (products <= mostProducts || !isTiled || tiles == fewestTiles)
      return along;
  }
}

SampleConv ErrorClaims::sampleFor(const Look &look, const ConvAlgorithm &algorithm,
                                  const Tile &tile) const {
  constexpr int64_t largeTaps = 64, fewestLooks = 48;
  int64_t channels = shape.taps() > largeTaps ? look.channelsOfLarge : look.channels;
  auto each = static_cast<double>(channels * shape.channelsPerGroup() * shape.taps());
  std::vector<int64_t> along = outputsAlong(look, algorithm, tile, each);
  std::vector<double> exposed = exposures(filter, algorithm.energies(shape, filter, tile));
  SampleConv sample = drawSample(shape, filter, exposed, {channels, along}, observed);
  bool isTiled =
      llvm::any_of(algorithm.errorPeriod(shape, tile), [](int64_t extent) { return extent > 1; });
  if (!isTiled)
    sample.every = std::clamp<int64_t>(static_cast<int64_t>(sample.products() / mostProducts), 1,
                                       std::max<int64_t>(1, sample.outputSize() / fewestLooks));
  for (std::vector<float> *values : {&sample.input, &sample.filter})
    round(*values);
  return sample;
}

void ErrorClaims::round(std::vector<float> &values) const {
  if (storedRoundoff(shape.element) > unitRoundoff)
    for (float &value : values)
      value = static_cast<float>(roundTo(shape.element, static_cast<double>(value)));
}

std::string claimText(double error) {
  if (!(error > 0) || std::isinf(error))
    return fmt::format("{:.1e}", error);
  double unit = std::pow(10, std::floor(std::log10(error)) - 1);
  return fmt::format("{:.1e}", std::ceil(error / unit) * unit);
}

std::string beyondText(double error, double budget) {
  return fmt::format("error of {} claimed by samples exceeds the budget of {:.1e}",
                     claimText(error), budget);
}

} // namespace quern::passes
