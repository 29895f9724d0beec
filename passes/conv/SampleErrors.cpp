#include "passes/conv/SampleErrors.h"

#include "ir/HostTensor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace quern::passes {
namespace {

constexpr double seldom = 1e-3;

/// What the largest of n normal numbers of variance 1 stays below with that probability, by
/// 1 - exp(-2 x^2 / pi) for the square of each one's.
double largestOf(double n, double probability) {
  return std::sqrt(-M_PI / 2 * std::log(-std::expm1(2 * std::log(probability) / n)));
}

/// How wide the distribution of some numbers about zero is.
struct Width {
  double squares = 0, fourths = 0, count = 0;

  void add(double value) {
    squares += value * value;
    fourths += value * value * value * value;
    ++count;
  }
  double deviation() const { return std::sqrt(squares / count); }
  /// The deviation of normal numbers with such fourth powers: more than that of these if large ones
  /// are more frequent.
  double deviationByTails() const { return std::pow(fourths / count / 3, 0.25); }
};

/// The place of each output that is looked at within its period.
std::vector<size_t> placesOf(const SampleConv &sample, llvm::ArrayRef<int64_t> period) {
  std::vector<size_t> places;
  int64_t position = 0;
  ir::forEachIndex(sample.out, [&](llvm::ArrayRef<int64_t> at) {
    if (position++ % sample.every != 0)
      return;
    int64_t place = 0;
    for (auto [index, extent] : llvm::zip_equal(at, period))
      place = place * extent + index % extent;
    places.push_back(static_cast<size_t>(place));
  });
  return places;
}

/// The errors of one output channel.
struct ChannelErrors {
  Width outputs;
  std::vector<Width> ofPlace;
  double largestOutput = 0, largest = 0, sum = 0;

  explicit ChannelErrors(size_t places) : ofPlace(places) {}

  void add(size_t place, double exact, double computed) {
    double error = std::fabs(computed - exact);
    outputs.add(exact);
    ofPlace[place].add(error);
    largestOutput = std::max(largestOutput, std::fabs(exact));
    largest = std::max(largest, error);
    sum += error;
  }

  /// What the largest of `all` outputs is hardly less than: that of the sample where it is no more.
  double scale(double all) const {
    double least = outputs.deviation() * largestOf(all, seldom);
    return std::min(largestOutput, least);
  }

  /// What the largest error of `all` outputs hardly exceeds, of as many at each place. Widths of
  /// few numbers are uncertain, and tails heavier than they show.
  double largestOfAll(double all) const {
    constexpr double ofTails = 1.5, ofFew = 3;
    double widest = 0, looks = outputs.count;
    for (const Width &place : ofPlace) {
      widest = std::max(widest, place.deviationByTails());
      looks = std::min(looks, place.count);
    }
    double each = std::max(1.0, all / static_cast<double>(ofPlace.size()));
    return std::max(largest, widest * largestOf(each, 1 - seldom) * ofTails *
                                 (1 + ofFew / std::sqrt(looks)));
  }
};

} // namespace

MeasuredError expectedError(const SampleConv &sample, llvm::ArrayRef<float> computed,
                            llvm::ArrayRef<int64_t> period, double all) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> exact = sample.exact();
  std::vector<size_t> places = placesOf(sample, period);
  auto alike = static_cast<size_t>(
      std::accumulate(period.begin(), period.end(), int64_t(1), std::multiplies<>()));
  MeasuredError error;
  for (int64_t o = 0; o < sample.outputs; ++o) {
    ChannelErrors channel(alike);
    for (size_t i = 0; i < places.size(); ++i) {
      auto at =
          static_cast<size_t>(o * sample.outputSize() + static_cast<int64_t>(i) * sample.every);
      channel.add(places[i], exact[static_cast<size_t>(o) * places.size() + i],
                  static_cast<double>(computed[at]));
    }
    if (!std::isfinite(channel.sum))
      return {infinity, infinity};
    if (channel.largest == 0)
      continue;
    // Where all outputs are zero, any error is infinitely large beside them.
    double scale = channel.scale(all);
    error.max = std::max(error.max, channel.largestOfAll(all) / scale);
    error.mean += channel.sum / scale / static_cast<double>(exact.size());
  }
  return error;
}

} // namespace quern::passes
