#include "tests/ops/reference/Reference.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace quern::reference {

int64_t elementCount(const Shape &shape) {
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0)
      throw std::invalid_argument(fmt::format("negative extent {}", extent));
    count *= extent;
  }
  return count;
}

Tensor::Tensor(Shape shape) : shape(std::move(shape)) {
  values.resize(static_cast<size_t>(elementCount(this->shape)));
}

Tensor::Tensor(Shape shape, std::vector<double> values)
    : shape(std::move(shape)), values(std::move(values)) {
  if (elementCount(this->shape) != size())
    throw std::invalid_argument(
        fmt::format("{} values for a shape of {}", size(), elementCount(this->shape)));
}

size_t Tensor::offset(const Index &index) const {
  if (index.size() != shape.size())
    throw std::out_of_range(fmt::format("{} indices into rank {}", index.size(), shape.size()));
  int64_t offset = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (index[axis] < 0 || index[axis] >= shape[axis])
      throw std::out_of_range(
          fmt::format("index {} on axis {} of extent {}", index[axis], axis, shape[axis]));
    offset = offset * shape[axis] + index[axis];
  }
  return static_cast<size_t>(offset);
}

void forEachIndex(const Shape &shape, const std::function<void(const Index &)> &visit) {
  int64_t count = elementCount(shape);
  Index index(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    visit(index);
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis])
        break;
      index[axis] = 0;
    }
  }
}

namespace {

/// Rounds to a binary float of `precision` significant bits (the hidden one included), exponents
/// from `least` to `greatest` in the convention 1.m × 2^e. Below `least` the spacing stays that of
/// `least` (subnormals).
double roundToFloat(double value, int precision, int least, int greatest) {
  if (value == 0 || !std::isfinite(value))
    return value;
  int exponent = std::max(std::ilogb(value), least);
  double spacing = std::ldexp(1.0, exponent - precision + 1);
  double rounded = std::nearbyint(value / spacing) * spacing;
  double largest = std::ldexp(2.0 - std::ldexp(1.0, 1 - precision), greatest);
  return std::abs(rounded) > largest ? std::copysign(INFINITY, value) : rounded;
}

/// Towards zero, then into the range of an integer type that starts at `lowest` by adding multiples
/// of 2^bits.
double wrap(double value, double lowest, int bits) {
  double period = std::ldexp(1.0, bits), above = std::trunc(value) - lowest;
  return above - std::floor(above / period) * period + lowest;
}

double castValue(double value, std::string_view type) {
  if (type == "f64")
    return value;
  if (type == "f32")
    return static_cast<double>(static_cast<float>(value));
  if (type == "f16")
    return roundToFloat(value, 11, -14, 15);
  if (type == "bf16")
    return roundToFloat(value, 8, -126, 127);
  if (type == "i1")
    return value != 0;
  if (type == "u8")
    return wrap(value, 0, 8);
  if (type == "i8")
    return wrap(value, -128, 8);
  if (type == "i16")
    return wrap(value, -32768, 16);
  if (type == "i32")
    return wrap(value, -2147483648.0, 32);
  if (type == "i64")
    return std::trunc(value);
  throw std::invalid_argument(fmt::format("no element type {}", type));
}

} // namespace

Tensor cast(const Tensor &input, std::string_view type) {
  Tensor result(input.shape);
  for (size_t i = 0; i < input.values.size(); ++i)
    result.values[i] = castValue(input.values[i], type);
  return result;
}

} // namespace quern::reference
