#include "passes/causal/RankTensor.h"

#include "ir/HostTensor.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace quern::passes {

int64_t product(llvm::ArrayRef<int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<>());
}

namespace {

/// Row-major strides over `extents`; 0 where the extent is 1.
llvm::SmallVector<int64_t> storedStrides(llvm::ArrayRef<int64_t> extents) {
  llvm::SmallVector<int64_t> strides = ir::rowMajorStrides(extents);
  for (auto [stride, extent] : llvm::zip_equal(strides, extents))
    if (extent == 1)
      stride = 0;
  return strides;
}

/// Calls `visit(place in a row-major tensor, offset)` for each of its elements; an offset is the
/// sum of what `offsets` has for its coordinates.
template <typename Visit>
void forEachStored(llvm::ArrayRef<std::vector<int64_t>> offsets, Visit visit) {
  if (offsets.empty())
    return visit(0, 0);
  int64_t rows = 1, offset = 0, place = 0;
  for (const std::vector<int64_t> &along : offsets.drop_back())
    rows *= static_cast<int64_t>(along.size());
  llvm::SmallVector<size_t> index(offsets.size() - 1, 0);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t last : offsets.back())
      visit(place++, offset + last);
    for (size_t axis = index.size(); axis-- > 0;) {
      const std::vector<int64_t> &along = offsets[axis];
      offset -= along[index[axis]];
      if (++index[axis] < along.size()) {
        offset += along[index[axis]];
        break;
      }
      index[axis] = 0;
      offset += along[0];
    }
  }
}

} // namespace

RankTensor::RankTensor(llvm::ArrayRef<int64_t> shape, int32_t value)
    : theShape(shape), theExtents(shape.size(), 1),
      elements(std::make_shared<std::vector<int32_t>>(1, value)) {}

RankTensor::RankTensor(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> extents,
                       int32_t value)
    : theShape(shape), theExtents(extents),
      elements(std::make_shared<std::vector<int32_t>>(product(extents), value)) {}

std::vector<int32_t> &RankTensor::data() {
  if (elements.use_count() > 1)
    elements = std::make_shared<std::vector<int32_t>>(*elements);
  return *elements;
}

bool RankTensor::isAll(int32_t value) const {
  return llvm::all_of(*elements, [&](int32_t element) { return element == value; });
}

llvm::SmallVector<int64_t> RankTensor::strides() const { return storedStrides(theExtents); }

int32_t RankTensor::at(llvm::ArrayRef<int64_t> index) const {
  assert(index.size() == theShape.size() && "one coordinate for each axis");
  int64_t offset = 0;
  for (auto [at, extent, size] : llvm::zip_equal(index, theExtents, theShape))
    offset = offset * extent + (extent == size ? at : at * extent / size);
  return data()[static_cast<size_t>(offset)];
}

llvm::SmallVector<int64_t> RankTensor::firstOf(llvm::ArrayRef<int64_t> stored) const {
  llvm::SmallVector<int64_t> first(stored);
  for (size_t axis = 0; axis < first.size(); ++axis)
    first[axis] *= run(static_cast<int64_t>(axis));
  return first;
}

std::vector<int64_t> RankTensor::offsetsOf(size_t axis, int64_t count) const {
  std::vector<int64_t> offsets;
  offsets.reserve(count);
  for (int64_t stored = 0, stride = strides()[axis]; stored < theExtents[axis]; ++stored)
    offsets.insert(offsets.end(), count / theExtents[axis], stored * stride);
  return offsets;
}

int32_t RankTensor::max() const { return *std::ranges::max_element(data()); }
int32_t RankTensor::min() const { return *std::ranges::min_element(data()); }

RankTensor RankTensor::expanded(llvm::ArrayRef<int64_t> axes) const {
  llvm::SmallVector<int64_t> extents = theExtents;
  for (int64_t axis : axes)
    extents[axis] = theShape[axis];
  return storedAlong(extents);
}

RankTensor RankTensor::expandedAs(const RankTensor &other) const {
  llvm::SmallVector<int64_t> extents = theExtents;
  for (auto [own, others] : llvm::zip_equal(extents, other.theExtents))
    own = std::lcm(own, others);
  return storedAlong(extents);
}

/// Stored along extents that are multiples of its own.
RankTensor RankTensor::storedAlong(llvm::ArrayRef<int64_t> extents) const {
  if (extents == llvm::ArrayRef(theExtents))
    return *this;
  RankTensor result(theShape, extents, never);
  llvm::SmallVector<std::vector<int64_t>> offsets;
  for (auto [axis, extent] : llvm::enumerate(extents))
    offsets.push_back(offsetsOf(axis, extent));
  forEachStored(offsets, [to = result.data().data(), from = data().data()](
                             int64_t place, int64_t offset) { to[place] = from[offset]; });
  return result;
}

void RankTensor::compress() {
  for (size_t axis = 0; axis < theExtents.size(); ++axis)
    if (theExtents[axis] > 1)
      compressAxis(axis);
}

void RankTensor::compressAxis(size_t axis) {
  llvm::ArrayRef<int64_t> extents = theExtents;
  int64_t inner = product(extents.drop_front(axis + 1)), along = extents[axis];
  int64_t outer = product(extents.take_front(axis));
  const std::vector<int32_t> &stored = *elements;
  for (int64_t o = 0; o < outer; ++o) {
    // Each slice is as the next.
    auto first = stored.begin() + o * along * inner;
    if (!std::equal(first, first + (along - 1) * inner, first + inner))
      return;
  }
  std::vector<int32_t> &own = data();
  for (int64_t o = 1; o < outer; ++o)
    std::copy_n(own.begin() + o * along * inner, inner, own.begin() + o * inner);
  own.resize(outer * inner);
  theExtents[axis] = 1;
}

RankTensor RankTensor::viewed(llvm::ArrayRef<int64_t> shape,
                              llvm::ArrayRef<int64_t> extents) const {
  assert(product(extents) == static_cast<int64_t>(elements->size()) && "as many elements");
  RankTensor view = *this;
  view.theShape = llvm::to_vector(shape);
  view.theExtents = llvm::to_vector(extents);
  return view;
}

RankTensor RankTensor::broadcast(llvm::ArrayRef<int64_t> shape) const {
  llvm::SmallVector<int64_t> extents(shape.size(), 1);
  llvm::copy(theExtents, extents.end() - theExtents.size());
  return viewed(shape, extents);
}

void RankTensor::shareWith(const RankTensor &other) {
  if (*elements == *other.elements)
    elements = other.elements;
}

void RankTensor::raise(const RankTensor &other) {
  assert(theShape == other.theShape && "ranks of one value");
  if (isShared(other))
    return;
  if (elements->size() == 1 && elements->front() == never) {
    *this = other;
    return;
  }
  *this = expandedAs(other);
  std::vector<int32_t> &own = data();
  const std::vector<int32_t> &raised = other.data();
  if (theExtents == other.theExtents) {
    for (size_t i = 0; i < own.size(); ++i)
      own[i] = std::max(own[i], raised[i]);
    return;
  }
  llvm::SmallVector<std::vector<int64_t>> offsets;
  for (auto [axis, extent] : llvm::enumerate(theExtents))
    offsets.push_back(other.offsetsOf(axis, extent));
  forEachStored(offsets, [&](int64_t place, int64_t offset) {
    own[place] = std::max(own[place], raised[offset]);
  });
}

void RankTensor::raiseAlong(int64_t axis) {
  int64_t along = theExtents[axis];
  if (along == 1)
    return;
  int64_t inner = product(llvm::ArrayRef(theExtents).drop_front(axis + 1));
  int64_t outer = product(llvm::ArrayRef(theExtents).take_front(axis));
  std::vector<int32_t> largest(outer * inner, std::numeric_limits<int32_t>::min());
  const int32_t *from = elements->data();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t at = 0; at < along; ++at, from += inner)
      for (int64_t i = 0; i < inner; ++i)
        largest[o * inner + i] = std::max(largest[o * inner + i], from[i]);
  elements = std::make_shared<std::vector<int32_t>>(std::move(largest));
  theExtents[axis] = 1;
}

RankTensor RankTensor::slice(int64_t axis, int64_t coordinate) const {
  llvm::SmallVector<int64_t> shape = theShape, extents = theExtents;
  int64_t start = coordinate / run(axis) * strides()[axis];
  llvm::SmallVector<std::vector<int64_t>> offsets;
  for (auto [other, extent] : llvm::enumerate(theExtents))
    if (static_cast<int64_t>(other) != axis)
      offsets.push_back(offsetsOf(other, extent));
  shape.erase(shape.begin() + axis);
  extents.erase(extents.begin() + axis);
  RankTensor result(shape, extents, never);
  forEachStored(offsets, [to = result.data().data(), from = data().data() + start](
                             int64_t place, int64_t offset) { to[place] = from[offset]; });
  return result;
}

RankTensor RankTensor::stack(llvm::ArrayRef<RankTensor> slices, int64_t axis) {
  llvm::SmallVector<int64_t> shape = slices.front().theShape, extents(shape.size(), 1);
  for (const RankTensor &slice : slices)
    for (size_t i = 0; i < extents.size(); ++i)
      extents[i] = std::lcm(extents[i], slice.theExtents[i]);
  auto count = static_cast<int64_t>(slices.size());
  shape.insert(shape.begin() + axis, count);
  llvm::SmallVector<int64_t> stacked = extents;
  stacked.insert(stacked.begin() + axis, count);
  RankTensor result(shape, stacked, never);
  llvm::SmallVector<int64_t> steps = ir::rowMajorStrides(stacked);
  int64_t inner = steps[axis];
  for (auto [at, slice] : llvm::enumerate(slices)) {
    llvm::SmallVector<std::vector<int64_t>> offsets;
    for (auto [own, extent] : llvm::enumerate(extents))
      offsets.push_back(slice.offsetsOf(own, extent));
    forEachStored(offsets, [&, at = static_cast<int64_t>(at), to = result.data().data(),
                            from = slice.data().data()](int64_t place, int64_t offset) {
      to[(place / inner * count + at) * inner + place % inner] = from[offset];
    });
  }
  result.compress();
  return result;
}

} // namespace quern::passes
