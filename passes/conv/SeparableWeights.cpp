#include "passes/conv/SeparableWeights.h"

#include "ir/conv/LowRankFilter.h"

#include <cmath>
#include <random>

namespace quern::passes {
namespace {

/// Made-up factors of filters that hold sums of so many products of two of their numbers: as fine
/// as leaves these sums exact in the element type.
class Draw {
public:
  Draw(const ir::SeparableShape &shape, int64_t sums)
      : steps(std::floor(std::sqrt(1 / (shape.roundoff * static_cast<double>(sums))))) {}

  std::vector<double> lines(int64_t count) {
    std::vector<double> values(static_cast<size_t>(count));
    for (double &value : values)
      value = std::round((static_cast<double>(random()) * 0x1p-31 - 1) * steps) * unit;
    return values;
  }

  /// Powers of two, which leave all as exact as it is.
  std::vector<double> sizes(int64_t count) {
    std::vector<double> values(static_cast<size_t>(count));
    for (double &value : values)
      value = std::ldexp(random() % 2 == 0 ? 1 : -1, -static_cast<int>(random() % 4));
    return values;
  }

private:
  std::mt19937 random{4};
  double steps; ///< between 0 and the largest number
  double unit = std::exp2(-std::ceil(std::log2(steps)));
};

} // namespace

std::vector<double> productsOfLines(const ir::SeparableShape &shape) {
  Draw draw(shape, 1);
  std::vector<double> columns = draw.lines(shape.groups * shape.inputs * shape.height),
                      rows = draw.lines(shape.groups * shape.inputs * shape.width),
                      sizes = draw.sizes(shape.outputs), weights;
  for (int64_t o = 0; o < shape.outputs; ++o)
    for (int64_t i = 0; i < shape.inputs; ++i)
      for (int64_t tap = 0; tap < shape.height * shape.width; ++tap) {
        int64_t channel = shape.channel(o, i);
        weights.push_back(sizes[static_cast<size_t>(o)] *
                          columns[static_cast<size_t>(channel * shape.height + tap / shape.width)] *
                          rows[static_cast<size_t>(channel * shape.width + tap % shape.width)]);
      }
  return weights;
}

std::vector<double> sumsOfProducts(const ir::SeparableShape &given, int64_t rank) {
  const ir::SeparableShape s = ir::withOwnLines(given);
  Draw draw(s, rank);
  std::vector<double> rest = draw.lines(s.outputs * rank * s.restTaps()),
                      lines = draw.lines(s.groups * rank * s.inputs * s.sharedTaps()),
                      weights(static_cast<size_t>(s.outputs * s.inputs * s.height * s.width));
  for (int64_t o = 0; o < s.outputs; ++o)
    for (int64_t i = 0; i < s.inputs; ++i)
      for (int64_t tap = 0; tap < s.restTaps(); ++tap)
        for (int64_t k = 0; k < s.sharedTaps(); ++k) {
          double sum = 0;
          for (int64_t r = 0; r < rank; ++r) {
            int64_t line = (o / (s.outputs / s.groups) * rank + r) * s.inputs + i;
            sum += rest[static_cast<size_t>((o * rank + r) * s.restTaps() + tap)] *
                   lines[static_cast<size_t>(line * s.sharedTaps() + k)];
          }
          int64_t first = (o * s.inputs + i) * s.height * s.width;
          weights[static_cast<size_t>(first + s.tapAt(tap, k))] = sum;
        }
  return weights;
}

} // namespace quern::passes
