#include "ir/conv/SeparableFilter.h"

#include <algorithm>
#include <cmath>

namespace quern::ir {

namespace {

/// Visits the filters (output, input) with the index of their first tap and their input channel.
template <typename Visit> void forEachFilter(const SeparableShape &shape, Visit visit) {
  int64_t taps = shape.height * shape.width;
  for (int64_t o = 0; o < shape.outputs; ++o)
    for (int64_t i = 0; i < shape.inputs; ++i)
      visit(o * shape.inputs + i, (o * shape.inputs + i) * taps, shape.channel(o, i));
}

double dot(const double *a, const double *b, int64_t count) {
  double sum = 0;
  for (int64_t k = 0; k < count; ++k)
    sum += a[k] * b[k];
  return sum;
}

/// One line of a filter along the axis of the shared factor.
std::vector<double> line(const SeparableShape &shape, std::span<const double> filter, int64_t first,
                         int64_t rest) {
  std::vector<double> taps;
  for (int64_t k = 0; k < shape.sharedTaps(); ++k)
    taps.push_back(filter[static_cast<size_t>(first + shape.tapAt(rest, k))]);
  return taps;
}

/// For each channel the line of the largest magnitude among all filters that read it.
std::vector<std::vector<double>> largestLines(const SeparableShape &shape,
                                              std::span<const double> filter) {
  auto taps = shape.sharedTaps();
  std::vector<std::vector<double>> lines(static_cast<size_t>(shape.groups * shape.inputs),
                                         std::vector<double>(static_cast<size_t>(taps)));
  std::vector<double> squares(lines.size());
  forEachFilter(shape, [&](int64_t, int64_t first, int64_t channel) {
    for (int64_t r = 0; r < shape.restTaps(); ++r) {
      std::vector<double> candidate = line(shape, filter, first, r);
      double square = dot(candidate.data(), candidate.data(), taps);
      auto at = static_cast<size_t>(channel);
      if (square > squares[at]) {
        squares[at] = square;
        lines[at] = std::move(candidate);
      }
    }
  });
  return lines;
}

/// One step of the power method: from a line to the sum of all lines, each by its product with it.
std::vector<std::vector<double>> improved(const SeparableShape &shape,
                                          std::span<const double> filter,
                                          const std::vector<std::vector<double>> &lines) {
  auto taps = shape.sharedTaps();
  std::vector<std::vector<double>> sums(lines.size(),
                                        std::vector<double>(static_cast<size_t>(taps)));
  forEachFilter(shape, [&](int64_t, int64_t first, int64_t channel) {
    auto at = static_cast<size_t>(channel);
    for (int64_t r = 0; r < shape.restTaps(); ++r) {
      std::vector<double> taken = line(shape, filter, first, r);
      double product = dot(taken.data(), lines[at].data(), taps);
      for (size_t k = 0; k < taken.size(); ++k)
        sums[at][k] += product * taken[k];
    }
  });
  return sums;
}

void scaleToOne(std::vector<double> &taps) {
  double largest = 0;
  for (double tap : taps)
    largest = std::max(largest, std::fabs(tap));
  for (double &tap : taps)
    tap = largest > 0 ? tap / largest : 0;
}

constexpr double singleRoundoff = 0x1p-24;

} // namespace

double SeparableShape::tolerance() const {
  constexpr double roundings = 16;
  if (roundoff <= singleRoundoff)
    return roundings * roundoff;
  return roundings * singleRoundoff + roundoff;
}

double SeparableShape::kept(double value) const {
  return roundoff < singleRoundoff ? value : static_cast<double>(static_cast<float>(value));
}

SeparableFactors separate(const SeparableShape &shape, std::span<const double> filter) {
  std::vector<std::vector<double>> lines = largestLines(shape, filter);
  for (std::vector<double> &taps : lines)
    scaleToOne(taps);
  lines = improved(shape, filter, lines);
  SeparableFactors factors;
  for (std::vector<double> &taps : lines) {
    scaleToOne(taps);
    factors.shared.insert(factors.shared.end(), taps.begin(), taps.end());
  }
  forEachFilter(shape, [&](int64_t, int64_t first, int64_t channel) {
    const std::vector<double> &shared = lines[static_cast<size_t>(channel)];
    double square = dot(shared.data(), shared.data(), shape.sharedTaps());
    for (int64_t r = 0; r < shape.restTaps(); ++r) {
      std::vector<double> taken = line(shape, filter, first, r);
      double product = dot(taken.data(), shared.data(), shape.sharedTaps());
      factors.rest.push_back(square > 0 ? product / square : 0);
    }
  });
  return factors;
}

double separationError(const SeparableShape &shape, std::span<const double> filter,
                       const SeparableFactors &factors) {
  std::vector<double> wrong(static_cast<size_t>(shape.outputs)), all(wrong.size());
  forEachFilter(shape, [&](int64_t pair, int64_t first, int64_t channel) {
    auto o = static_cast<size_t>(pair / shape.inputs);
    for (int64_t r = 0; r < shape.restTaps(); ++r)
      for (int64_t k = 0; k < shape.sharedTaps(); ++k) {
        double weight = filter[static_cast<size_t>(first + shape.tapAt(r, k))];
        double product =
            shape.kept(factors.rest[static_cast<size_t>(pair * shape.restTaps() + r)]) *
            shape.kept(factors.shared[static_cast<size_t>(channel * shape.sharedTaps() + k)]);
        wrong[o] += std::fabs(weight - product);
        all[o] += std::fabs(weight);
      }
  });
  double largest = 0;
  for (size_t o = 0; o < wrong.size(); ++o)
    if (wrong[o] > 0)
      largest = std::max(largest, wrong[o] / all[o]);
  return largest;
}

} // namespace quern::ir
