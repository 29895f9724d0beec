#include "tests/ops/reference/Reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace quern::reference {
namespace {

void requireEntries(const std::vector<int64_t> &list, const Tensor &input) {
  if (list.size() != input.shape.size())
    throw std::invalid_argument(
        fmt::format("{} entries for rank {}", list.size(), input.shape.size()));
}

} // namespace

Tensor reshape(const Tensor &input, Shape shape) { return Tensor(std::move(shape), input.values); }

Tensor transpose(const Tensor &input, const std::vector<int64_t> &permutation) {
  requireEntries(permutation, input);
  Shape shape;
  for (int64_t axis : permutation)
    shape.push_back(input.shape.at(static_cast<size_t>(axis)));
  Tensor result(shape);
  Index from(shape.size());
  forEachIndex(shape, [&](const Index &index) {
    for (size_t i = 0; i < permutation.size(); ++i)
      from[static_cast<size_t>(permutation[i])] = index[i];
    result.at(index) = input.at(from);
  });
  return result;
}

Tensor broadcast(const Tensor &input, const Shape &shape) {
  if (shape.size() < input.shape.size())
    throw std::invalid_argument("broadcast to a lower rank");
  size_t missing = shape.size() - input.shape.size();
  for (size_t axis = 0; axis < input.shape.size(); ++axis)
    if (input.shape[axis] != 1 && input.shape[axis] != shape[missing + axis])
      throw std::invalid_argument(fmt::format("extent {} does not broadcast to {}",
                                              input.shape[axis], shape[missing + axis]));
  Tensor result(shape);
  Index from(input.shape.size());
  forEachIndex(shape, [&](const Index &index) {
    for (size_t axis = 0; axis < from.size(); ++axis)
      from[axis] = input.shape[axis] == 1 ? 0 : index[missing + axis];
    result.at(index) = input.at(from);
  });
  return result;
}

Tensor slice(const Tensor &input, const std::vector<int64_t> &starts,
             const std::vector<int64_t> &sizes, std::vector<int64_t> strides) {
  if (strides.empty())
    strides.assign(starts.size(), 1);
  requireEntries(starts, input);
  requireEntries(sizes, input);
  requireEntries(strides, input);
  Tensor result(sizes);
  Index from(sizes.size());
  forEachIndex(sizes, [&](const Index &index) {
    for (size_t axis = 0; axis < from.size(); ++axis)
      from[axis] = starts[axis] + index[axis] * strides[axis];
    result.at(index) = input.at(from);
  });
  return result;
}

Tensor concat(const std::vector<Tensor> &inputs, int64_t axis) {
  if (inputs.empty())
    throw std::invalid_argument("concat of nothing");
  auto along = static_cast<size_t>(axis);
  Shape shape = inputs.front().shape;
  shape.at(along) = 0;
  for (const Tensor &input : inputs) {
    Shape expected = shape;
    requireEntries(expected, input);
    expected[along] = input.shape[along];
    if (input.shape != expected)
      throw std::invalid_argument("concat of tensors that differ on another axis");
    shape[along] += input.shape[along];
  }
  Tensor result(shape);
  int64_t start = 0;
  for (const Tensor &input : inputs) {
    forEachIndex(input.shape, [&](const Index &index) {
      Index to = index;
      to[along] += start;
      result.at(to) = input.at(index);
    });
    start += input.shape[along];
  }
  return result;
}

Tensor pad(const Tensor &input, const std::vector<int64_t> &low, const std::vector<int64_t> &high,
           double value) {
  requireEntries(low, input);
  requireEntries(high, input);
  Shape shape;
  for (size_t axis = 0; axis < input.shape.size(); ++axis)
    shape.push_back(low[axis] + input.shape[axis] + high[axis]);
  Tensor result(shape);
  Index from(shape.size());
  forEachIndex(shape, [&](const Index &index) {
    bool inside = true;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      from[axis] = index[axis] - low[axis];
      inside = inside && from[axis] >= 0 && from[axis] < input.shape[axis];
    }
    result.at(index) = inside ? input.at(from) : value;
  });
  return result;
}

Tensor gather(const Tensor &input, const Tensor &indices, int64_t axis) {
  if (axis < 0 || axis >= input.rank())
    throw std::invalid_argument(fmt::format("no axis {}", axis));
  Shape shape(input.shape.begin(), input.shape.begin() + axis);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), input.shape.begin() + axis + 1, input.shape.end());
  Tensor result(shape);
  forEachIndex(shape, [&](const Index &index) {
    auto picked = index.begin() + axis, rest = picked + indices.rank();
    Index from(index.begin(), picked);
    auto wanted = static_cast<int64_t>(indices.at(Index(picked, rest)));
    from.push_back(std::clamp<int64_t>(wanted, 0, input.shape[static_cast<size_t>(axis)] - 1));
    from.insert(from.end(), rest, index.end());
    result.at(index) = input.at(from);
  });
  return result;
}

Tensor iota(const Shape &shape, int64_t axis) {
  Tensor result(shape);
  forEachIndex(shape, [&](const Index &index) {
    result.at(index) = static_cast<double>(index.at(static_cast<size_t>(axis)));
  });
  return result;
}

Tensor constant(const Shape &shape, double value) {
  Tensor result(shape);
  std::fill(result.values.begin(), result.values.end(), value);
  return result;
}

} // namespace quern::reference
