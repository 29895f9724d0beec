#include "tests/ops/reference/Reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace quern::reference {
namespace {

/// A window with all four lists filled in for its spatial axes.
class Geometry {
public:
  Geometry(Shape source, Shape kernel, const Window &window)
      : source(std::move(source)), kernel(std::move(kernel)), strides(filled(window.strides, 1)),
        dilations(filled(window.dilations, 1)), padLow(filled(window.padLow, 0)),
        padHigh(filled(window.padHigh, 0)) {}

  /// The extents of the result: as many windows as fit into the padded source.
  Shape resultExtents() const {
    Shape result;
    for (size_t axis = 0; axis < source.size(); ++axis) {
      int64_t padded = source[axis] + padLow[axis] + padHigh[axis];
      int64_t reach = dilations[axis] * (kernel[axis] - 1) + 1;
      if (padded < reach)
        throw std::invalid_argument(
            fmt::format("a window that spans {} on a padded extent of {}", reach, padded));
      result.push_back((padded - reach) / strides[axis] + 1);
    }
    return result;
  }

  /// The source index that `tap` of the window at `position` reads; false where that is padding.
  bool sourceIndex(const Index &position, const Index &tap, Index &index) const {
    index.resize(source.size());
    bool inside = true;
    for (size_t axis = 0; axis < source.size(); ++axis) {
      index[axis] = position[axis] * strides[axis] + tap[axis] * dilations[axis] - padLow[axis];
      inside = inside && index[axis] >= 0 && index[axis] < source[axis];
    }
    return inside;
  }

private:
  std::vector<int64_t> filled(const std::vector<int64_t> &list, int64_t missing) const {
    if (list.empty())
      return std::vector<int64_t>(kernel.size(), missing);
    if (list.size() != kernel.size())
      throw std::invalid_argument(
          fmt::format("{} entries for {} spatial axes", list.size(), kernel.size()));
    return list;
  }

  Shape source, kernel;
  std::vector<int64_t> strides, dilations, padLow, padHigh;
};

Index joined(Index front, const Index &back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

} // namespace

Tensor conv(const Tensor &input, const Tensor &weight, const Window &window, int64_t groups) {
  if (input.rank() < 3 || weight.rank() != input.rank())
    throw std::invalid_argument("conv needs an input and a weight of one rank, 3 or more");
  int64_t channels = input.shape[1], outputs = weight.shape[0];
  int64_t groupInputs = weight.shape[1], groupOutputs = outputs / groups;
  if (channels != groupInputs * groups || outputs % groups != 0)
    throw std::invalid_argument(fmt::format("{} channels and {} outputs in {} groups of {}",
                                            channels, outputs, groups, groupInputs));
  Shape taps(weight.shape.begin() + 2, weight.shape.end());
  Geometry geometry({input.shape.begin() + 2, input.shape.end()}, taps, window);
  Shape extents = geometry.resultExtents();

  Tensor result(joined({input.shape[0], outputs}, extents));
  Index source, inputIndex(input.shape.size()), weightIndex(input.shape.size());
  for (int64_t n = 0; n < input.shape[0]; ++n)
    for (int64_t o = 0; o < outputs; ++o)
      forEachIndex(extents, [&](const Index &position) {
        double sum = 0;
        forEachIndex(taps, [&](const Index &tap) {
          if (!geometry.sourceIndex(position, tap, source))
            return;
          std::copy(source.begin(), source.end(), inputIndex.begin() + 2);
          std::copy(tap.begin(), tap.end(), weightIndex.begin() + 2);
          inputIndex[0] = n;
          weightIndex[0] = o;
          for (int64_t c = 0; c < groupInputs; ++c) {
            inputIndex[1] = o / groupOutputs * groupInputs + c;
            weightIndex[1] = c;
            sum += input.at(inputIndex) * weight.at(weightIndex);
          }
        });
        result.at(joined({n, o}, position)) = sum;
      });
  return result;
}

Tensor windowReduce(const Tensor &input, std::string_view kind, const std::vector<int64_t> &size,
                    const Window &window, bool countPadding) {
  if (kind != "sum" && kind != "mean" && kind != "max" && kind != "min" && kind != "prod")
    throw std::invalid_argument(fmt::format("no window reduction {}", kind));
  if (input.shape.size() < size.size())
    throw std::invalid_argument("a window of more axes than the input has");
  auto split = input.shape.end() - static_cast<int64_t>(size.size());
  Shape batch(input.shape.begin(), split);
  Geometry geometry({split, input.shape.end()}, size, window);
  Shape extents = geometry.resultExtents();

  Tensor result(joined(batch, extents));
  Index source;
  forEachIndex(batch, [&](const Index &outer) {
    forEachIndex(extents, [&](const Index &position) {
      std::vector<double> taken;
      forEachIndex(size, [&](const Index &tap) {
        if (geometry.sourceIndex(position, tap, source))
          taken.push_back(input.at(joined(outer, source)));
      });
      double sum = 0, product = 1, least = INFINITY, greatest = -INFINITY;
      for (double value : taken) {
        sum += value;
        product *= value;
        least = std::isnan(value) ? value : std::min(least, value);
        greatest = std::isnan(value) ? value : std::max(greatest, value);
      }
      double count = static_cast<double>(countPadding ? elementCount(size)
                                                      : static_cast<int64_t>(taken.size()));
      result.at(joined(outer, position)) = kind == "sum"    ? sum
                                           : kind == "mean" ? sum / count
                                           : kind == "max"  ? greatest
                                           : kind == "min"  ? least
                                                            : product;
    });
  });
  return result;
}

} // namespace quern::reference
