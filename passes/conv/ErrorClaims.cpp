#include "passes/conv/ErrorClaims.h"

#include "passes/conv/Exposure.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

namespace quern::passes {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

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

/// How much of a convolution is looked at, and what is allowed for the rest.
struct ErrorClaims::Look {
  int64_t channels, channelsOfLarge;   ///< output channels; of filters of more than 64 taps
  std::array<int64_t, 3> outputsAlong; ///< by the number of axes: some tiles of every size
  double others;                       ///< how much more other inputs may err
};

ErrorClaims::ErrorClaims(const ConvShape &shape, std::optional<FilterView> known,
                         llvm::ArrayRef<float> observed, double budget)
    : shape(shape), observed(observed), budget(budget) {
  if (!known) {
    int64_t outputs = std::min<int64_t>(shape.outChannels, 4);
    weights = madeUpWeights(shape, outputs);
    known = FilterView{weights, outputs, shape.channelsPerGroup()};
  }
  filter = *known;
  hasFiniteWeights = llvm::all_of(filter.values, [](double w) { return std::isfinite(w); });
}

MeasuredError ErrorClaims::of(ir::ConvAlgorithm kind, const Tile &tile) const {
  // Other inputs err more, and so do outputs that are not about normal or all alike, as those of
  // few large weights and of sums of all inputs are (seen: 2.1, and 1.8 at sixteen times as many
  // places).
  constexpr Look glance{8, 2, {48, 12, 6}, 2.2}, closer{8, 4, {768, 48, 15}, 1.8};
  constexpr double near = 3; // about what a claim is raised by
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
  MeasuredError error = compareToExact(sample, computed);
  // Simulated in f32; errors are as large as what each rounding loses. Of few products a sample
  // may show hardly any roundings at all: some each sum has.
  constexpr double leastRoundings = 5;
  double u = computedRoundoff(shape.element), share = u / unitRoundoff;
  if (shape.element == ConvElement::f64)
    share *= 1.6; // as seen of small layers
  error.max = std::max(error.max * share * beyond(look, sample), leastRoundings * u);
  error.mean *= share;
  if (double stored = storedRoundoff(shape.element); stored > unitRoundoff) {
    round(computed);
    error = {error.max + stored, compareToExact(sample, computed).mean};
  }
  return error;
}

SampleConv ErrorClaims::sampleFor(const Look &look, const ConvAlgorithm &algorithm,
                                  const Tile &tile) const {
  constexpr int64_t largeTaps = 64;
  std::vector<double> exposed = exposures(filter, algorithm.energies(shape, filter, tile));
  std::vector<int64_t> along(shape.axes.size(), look.outputsAlong[shape.axes.size() - 1]);
  int64_t channels = shape.taps() > largeTaps ? look.channelsOfLarge : look.channels;
  SampleConv sample = drawSample(shape, filter, exposed, {channels, along}, observed);
  for (std::vector<float> *values : {&sample.input, &sample.filter})
    round(*values);
  return sample;
}

/// How much larger than the sample's the largest error of all outputs is to be expected: the
/// maximum of n numbers that are about normal grows as the root of log n.
double ErrorClaims::beyond(const Look &look, const SampleConv &sample) const {
  auto sampled = static_cast<double>(sample.outputs * sample.outputSize());
  auto all = static_cast<double>(shape.batch * shape.outChannels);
  for (const ConvAxis &axis : shape.axes)
    all *= static_cast<double>(axis.out);
  return look.others * std::sqrt(std::log(std::max(all, sampled)) / std::log(sampled));
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
