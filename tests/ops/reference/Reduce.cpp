#include "tests/ops/reference/Reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace quern::reference {

Tensor reduce(const Tensor &input, std::string_view kind, const std::vector<int64_t> &axes,
              bool keepAxes) {
  Shape kept = input.shape;
  double count = 1;
  for (int64_t axis : axes) {
    count *= static_cast<double>(input.shape.at(static_cast<size_t>(axis)));
    kept[static_cast<size_t>(axis)] = 1;
  }

  double start = kind == "prod" ? 1 : kind == "max" ? -INFINITY : kind == "min" ? INFINITY : 0;
  Tensor result = constant(kept, start);
  forEachIndex(input.shape, [&](const Index &index) {
    Index target = index;
    for (int64_t axis : axes)
      target[static_cast<size_t>(axis)] = 0;
    double value = input.at(index), &slot = result.at(target);
    if (kind == "sum" || kind == "mean")
      slot += value;
    else if (kind == "prod")
      slot *= value;
    else if (kind == "max")
      slot = std::isnan(value) ? value : std::max(slot, value);
    else if (kind == "min")
      slot = std::isnan(value) ? value : std::min(slot, value);
    else
      throw std::invalid_argument(fmt::format("no reduction {}", kind));
  });
  if (kind == "mean")
    for (double &value : result.values)
      value /= count;

  if (!keepAxes) {
    Shape dropped;
    for (int64_t axis = 0; axis < input.rank(); ++axis)
      if (std::find(axes.begin(), axes.end(), axis) == axes.end())
        dropped.push_back(input.shape[static_cast<size_t>(axis)]);
    result.shape = dropped;
  }
  return result;
}

Tensor softmax(const Tensor &input, int64_t axis) {
  Tensor shifted = binary("sub", input, reduce(input, "max", {axis}, true));
  Tensor powers = unary("exp", shifted);
  return binary("div", powers, reduce(powers, "sum", {axis}, true));
}

} // namespace quern::reference
