#include "tests/ops/reference/Reference.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace quern::reference {
namespace {

double triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

/// Keys' cubic convolution kernel.
double cubic(double x, double a) {
  x = std::fabs(x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return a * (((x - 5) * x + 8) * x - 4);
  return 0;
}

double sourcePosition(int64_t i, int64_t source, int64_t result, ResizeCoordinates coordinates) {
  double scale = static_cast<double>(source) / static_cast<double>(result);
  auto position = static_cast<double>(i);
  switch (coordinates) {
  case ResizeCoordinates::halfPixel:
    return (position + 0.5) * scale - 0.5;
  case ResizeCoordinates::asymmetric:
    return position * scale;
  case ResizeCoordinates::alignCorners:
    return result == 1
               ? 0
               : position * static_cast<double>(source - 1) / static_cast<double>(result - 1);
  }
  throw std::invalid_argument("no such coordinates");
}

double coordinateScale(int64_t source, int64_t result, ResizeCoordinates coordinates) {
  if (coordinates == ResizeCoordinates::alignCorners)
    return result == 1 ? 1 : static_cast<double>(source - 1) / static_cast<double>(result - 1);
  return static_cast<double>(source) / static_cast<double>(result);
}

/// How much each source pixel adds to result pixel i.
std::vector<double> pixelWeights(int64_t i, int64_t source, int64_t result, ResizeMode mode,
                                 ResizeCoordinates coordinates, bool antialias, double a) {
  std::vector<double> weights(static_cast<size_t>(source), 0);
  auto clamped = [&](double pixel) -> double & {
    return weights[static_cast<size_t>(
        std::clamp<double>(pixel, 0, static_cast<double>(source - 1)))];
  };
  double position = sourcePosition(i, source, result, coordinates);
  if (mode == ResizeMode::nearest) {
    bool down = coordinates == ResizeCoordinates::asymmetric;
    clamped(down ? std::floor(position) : std::ceil(position - 0.5)) = 1;
    return weights;
  }

  auto filter = [&](double x) { return mode == ResizeMode::linear ? triangle(x) : cubic(x, a); };
  double width = antialias ? std::max(1.0, coordinateScale(source, result, coordinates)) : 1;
  if (!antialias) {
    for (double pixel = std::floor(position) - 1; pixel <= std::floor(position) + 2; ++pixel)
      clamped(pixel) += filter(position - pixel);
    return weights;
  }
  double sum = 0;
  for (int64_t pixel = 0; pixel < source; ++pixel)
    sum += weights[static_cast<size_t>(pixel)] =
        filter((static_cast<double>(pixel) - position) / width);
  for (double &weight : weights)
    weight /= sum;
  return weights;
}

} // namespace

Tensor resize(const Tensor &input, const std::vector<int64_t> &extents, ResizeMode mode,
              ResizeCoordinates coordinates, bool antialias,
              std::optional<double> cubicCoefficient) {
  if (extents.size() > input.shape.size())
    throw std::invalid_argument("more extents than axes");
  double a = cubicCoefficient.value_or(antialias ? -0.5 : -0.75);
  Tensor current = input;
  for (size_t k = 0; k < extents.size(); ++k) {
    size_t axis = input.shape.size() - extents.size() + k;
    int64_t source = input.shape[axis];
    Shape shape = current.shape;
    shape[axis] = extents[k];
    Tensor next(shape);
    std::vector<std::vector<double>> table;
    for (int64_t i = 0; i < extents[k]; ++i)
      table.push_back(pixelWeights(i, source, extents[k], mode, coordinates, antialias, a));
    forEachIndex(shape, [&](const Index &index) {
      const std::vector<double> &weights = table[static_cast<size_t>(index[axis])];
      Index from = index;
      double sum = 0;
      for (from[axis] = 0; from[axis] < source; ++from[axis])
        sum += weights[static_cast<size_t>(from[axis])] * current.at(from);
      next.at(index) = sum;
    });
    current = next;
  }
  return current;
}

} // namespace quern::reference
