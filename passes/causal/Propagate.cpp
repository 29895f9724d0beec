// Both directions visit the pairs (result element, operand element) of a Read. Axes that are
// uniform on the side that is read from are left out, equal slices are visited once, and so are
// equal rows of a mask: the work is that of positions times taps, whatever the number of channels.
#include "passes/causal/Propagate.h"

#include "ir/HostTensor.h"
#include "passes/causal/AdmittedKeys.h"
#include "passes/causal/Comparison.h"
#include "passes/causal/Sweep.h"

#include <algorithm>
#include <numeric>

namespace quern::passes {
namespace {

bool isUniformAlong(const RankTensor &tensor, AxisRange range) {
  return llvm::all_of(llvm::seq(range.first, range.first + range.count),
                      [&](int64_t axis) { return tensor.isUniform(axis); });
}

void storeInFull(llvm::SmallVector<int64_t> &extents, AxisRange range,
                 llvm::ArrayRef<int64_t> shape) {
  for (int64_t axis = range.first; axis < range.first + range.count; ++axis)
    extents[axis] = shape[axis];
}

/// The loop over a map that has no axes in the result: each different slice of the operand once.
Loop slicesLoop(Sweep &sweep, int64_t number, const RankTensor &operand,
                const std::vector<int64_t> &elements) {
  const AxisMap &map = sweep.read.maps[number];
  Loop loop{.resultOffsets = {0}};
  if (map.operand.count != 1 || map.hasPadding(1)) {
    loop.taps = map.taps;
    loop.operandOffsets = sourceOffsets(map, sweep.resultShape, elements);
    return loop;
  }
  std::vector<std::vector<int32_t>> slices = slicesAlong(operand, map.operand.first), read;
  for (int64_t tap = 0; tap < map.taps; ++tap)
    read.push_back(slices[map.source(0, tap) / operand.run(map.operand.first)]);
  Classes classes = classesOf<int32_t>(read);
  for (int64_t tap : classes.representatives)
    loop.operandOffsets.push_back(elements[map.source(0, tap)]);
  loop.taps = static_cast<int64_t>(classes.representatives.size());
  if (auto place = sweep.maskPlace(number))
    sweep.kept.mergeTaps(*place, classes);
  return loop;
}

/// Leaves one of each run of equal offsets; returns how many runs of one length there are.
int64_t keepRuns(std::vector<int64_t> &offsets) {
  auto count = static_cast<int64_t>(offsets.size());
  int64_t length = count;
  for (int64_t at = 1; at < count && length > 1; ++at)
    if (offsets[at] != offsets[at - 1])
      length = std::gcd(length, at);
  for (int64_t run = 0; run < count / length; ++run)
    offsets[run] = offsets[run * length];
  offsets.resize(count / length);
  return count / length;
}

/// The offsets of all elements of a box, row-major.
std::vector<int64_t> offsetsOver(llvm::ArrayRef<int64_t> extents, llvm::ArrayRef<int64_t> strides) {
  std::vector<int64_t> offsets{0};
  for (auto [extent, stride] : llvm::zip_equal(extents, strides)) {
    std::vector<int64_t> next;
    next.reserve(offsets.size() * extent);
    for (int64_t offset : offsets)
      for (int64_t at = 0; at < extent; ++at)
        next.push_back(offset + at * stride);
    offsets = std::move(next);
  }
  return offsets;
}

/// Offsets of what a tensor stores along a range of its axes, once each.
std::vector<int64_t> storedOffsets(AxisRange range, const RankTensor &tensor) {
  return offsetsOver(tensor.extents().slice(range.first, range.count),
                     llvm::ArrayRef(tensor.strides()).slice(range.first, range.count));
}

/// Copies each computed row to the others of its class.
void copyRows(RankTensor &result, llvm::ArrayRef<int64_t> rowAxes, const Classes &classes) {
  llvm::SmallVector<int64_t> extents = llvm::to_vector(result.extents());
  llvm::SmallVector<int64_t> strides = ir::rowMajorStrides(extents), rest = extents;
  llvm::SmallVector<int64_t> rows, rowStrides;
  for (int64_t axis : rowAxes) {
    rows.push_back(extents[axis]);
    rowStrides.push_back(strides[axis]);
    rest[axis] = 1;
  }
  std::vector<int64_t> rowOffsets = offsetsOver(rows, rowStrides);
  std::vector<int64_t> elements = offsetsOver(rest, strides);
  for (auto [row, offset] : llvm::enumerate(rowOffsets)) {
    int64_t from = rowOffsets[classes.representatives[classes.classOf[row]]];
    for (int64_t element : elements)
      result.data()[offset + element] = result.data()[from + element];
  }
}

/// What a map can be left out for when spreading a result over an operand: all elements along its
/// operand axes are read, by results that agree.
struct Targets {
  std::vector<int64_t> sources = {}; ///< ascending
  bool areAll = false;
};

Targets targetsOf(const AxisMap &map, int64_t resultElements, int64_t operandElements) {
  bool isWhole = map.table.empty() && map.start == 0 && map.dilation == 1;
  if ((map.isIdentity() && resultElements == operandElements) ||
      (isWhole && map.taps == operandElements))
    return {.areAll = true};
  Targets targets;
  for (int64_t element = 0; element < resultElements; ++element)
    for (int64_t tap = 0; tap < map.taps; ++tap)
      targets.sources.push_back(map.source(element, tap));
  llvm::erase(targets.sources, -1);
  llvm::sort(targets.sources);
  targets.sources.erase(llvm::unique(targets.sources), targets.sources.end());
  targets.areAll = static_cast<int64_t>(targets.sources.size()) == operandElements;
  return targets;
}

/// As onlyReaders, where the result's elements along the map agree on what they read.
std::vector<int64_t> agreeingReaders(llvm::ArrayRef<int64_t> sources, int64_t operandElements) {
  std::vector<int64_t> readers(operandElements, -1);
  for (int64_t source : sources)
    readers[source] = 0;
  return readers;
}

/// The offset of the one element along the map that reads each of the operand's, or -1; nothing
/// where several that differ do.
std::vector<int64_t> onlyReaders(const AxisMap &map, const RankTensor &result,
                                 llvm::ArrayRef<int64_t> operandShape) {
  if (map.taps != 1 || map.operand.count != 1 || map.result.count != 1)
    return {};
  std::vector<int64_t> readers(operandShape[map.operand.first], -1);
  for (auto [element, offset] : llvm::enumerate(rangeOffsets(map.result, result))) {
    int64_t source = map.source(static_cast<int64_t>(element), 0);
    if (source < 0)
      continue;
    if (readers[source] >= 0 && readers[source] != offset)
      return {};
    readers[source] = offset;
  }
  return readers;
}

/// How a result is spread over an operand along one map.
struct Spread {
  /// Where the result's elements along the map agree, what they read: each is marked once.
  std::vector<int64_t> sources = {};
  /// For each run of the operand's elements, what one of the result's reads it, or -1; empty where
  /// that is not told.
  std::vector<int64_t> readers = {};

  Loop loop(const AxisMap &map, const RankTensor &result, const RankTensor &operand) const {
    Loop loop;
    if (!readers.empty()) {
      for (auto [offset, reader] : llvm::zip_equal(storedOffsets(map.operand, operand), readers))
        if (reader >= 0) {
          loop.resultOffsets.push_back(reader);
          loop.operandOffsets.push_back(offset);
        }
      return loop;
    }
    std::vector<int64_t> elements = rangeOffsets(map.operand, operand);
    if (sources.empty()) {
      loop.taps = map.taps;
      loop.operandOffsets = sourceOffsets(map, result.shape(), elements);
      loop.resultOffsets = rangeOffsets(map.result, result);
      return loop;
    }
    loop.taps = static_cast<int64_t>(sources.size());
    for (int64_t source : sources)
      loop.operandOffsets.push_back(elements[source]);
    loop.resultOffsets = {0};
    return loop;
  }
};

/// What all elements along the result's axes that the read does not depend on want together.
RankTensor withoutUnreadAxes(const Read &read, const RankTensor &wanted) {
  RankTensor result = wanted;
  for (int64_t axis = 0; axis < static_cast<int64_t>(result.shape().size()); ++axis) {
    bool isRead =
        llvm::any_of(read.maps, [&](const AxisMap &map) { return map.result.contains(axis); });
    bool isMasked = read.mask && llvm::is_contained(read.mask->resultAxes, axis);
    if (!isRead && !isMasked && !result.isUniform(axis))
      result.raiseAlong(axis);
  }
  return result;
}

/// `from`, one side of a read with the ranges `own`, as the other side of that shape stores it:
/// where a read, but for maps that `isLeftOut`, is of elements at their own places.
std::optional<RankTensor> passedOn(const Read &read, const RankTensor &from,
                                   AxisRange AxisMap::*own, AxisRange AxisMap::*other,
                                   llvm::ArrayRef<int64_t> shape,
                                   llvm::function_ref<bool(const AxisMap &)> isLeftOut) {
  if (read.mask || read.comparison || read.admitted)
    return std::nullopt;
  llvm::SmallVector<int64_t> extents(shape.size(), 1);
  int64_t lastOwn = -1, lastOther = -1;
  for (const AxisMap &map : read.maps) {
    if (isLeftOut(map))
      continue;
    int64_t axis = (map.*own).first, otherAxis = (map.*other).first;
    bool isInPlace = map.isIdentity() && map.operand.count == 1 && map.result.count == 1 &&
                     from.shape()[axis] == shape[otherAxis];
    if (!isInPlace || axis < lastOwn || otherAxis < lastOther)
      return std::nullopt;
    lastOwn = axis;
    lastOther = otherAxis;
    extents[otherAxis] = from.extents()[axis];
  }
  return from.viewed(shape, extents);
}

/// Classes of mask rows whose results agree; each row its own where that is not to be seen.
Classes rowsThatAgree(const Sweep &sweep, const RankTensor &result) {
  if (llvm::all_of(sweep.rowAxes(), [&](int64_t axis) { return result.isUniform(axis); }))
    return oneClass(sweep.kept.rows);
  if (sweep.rowAxes().size() == 1)
    return classesOf<int32_t>(slicesAlong(result, sweep.rowAxes().front()));
  Classes classes;
  for (int64_t row = 0; row < sweep.kept.rows; ++row) {
    classes.classOf.push_back(row);
    classes.representatives.push_back(row);
  }
  return classes;
}

/// Whether a mask speaks about no taps: what it hides are elements of the result.
bool hidesResults(const Read &read) { return read.mask && read.mask->maps.empty(); }

/// Not a copy of the mask, which may be as large as the result.
Read withoutMask(const Read &read) { return {.operand = read.operand, .maps = read.maps}; }

RankTensor compressed(RankTensor tensor) {
  tensor.compress();
  return tensor;
}

} // namespace

RankTensor gatherMax(const Read &read, const RankTensor &operand,
                     llvm::ArrayRef<int64_t> resultShape) {
  if (hidesResults(read))
    return compressed(shownBy(*read.mask, gatherMax(withoutMask(read), operand, resultShape)));
  auto isLeftOut = [&](const AxisMap &map) {
    return isUniformAlong(operand, map.operand) &&
           !map.hasPadding(elementsAlong(map.result, resultShape));
  };
  if (auto result =
          passedOn(read, operand, &AxisMap::operand, &AxisMap::result, resultShape, isLeftOut))
    return *result;
  if (operand.isAll(RankTensor::never))
    return RankTensor(resultShape);
  if (read.comparison)
    return gatherCompared(read, operand, resultShape);
  if (read.admitted)
    return gatherAdmitted(read, operand, resultShape);
  Sweep sweep(read, resultShape);
  llvm::SmallVector<int64_t> extents(resultShape.size(), 1), swept;
  for (int64_t axis : sweep.rowAxes())
    extents[axis] = resultShape[axis];
  for (auto [number, map] : llvm::enumerate(read.maps)) {
    if (!isLeftOut(map))
      swept.push_back(static_cast<int64_t>(number));
    else if (auto place = sweep.maskPlace(static_cast<int64_t>(number)))
      sweep.kept.mergeTaps(*place, oneClass(map.taps));
  }
  if (sweep.findLine(swept, operand, &AxisMap::operand)) {
    storeInFull(extents, sweep.line->result, resultShape);
    swept.pop_back();
  }
  for (int64_t number : swept) {
    const AxisMap &map = read.maps[number];
    std::vector<int64_t> elements = rangeOffsets(map.operand, operand);
    if (map.result.count == 0) {
      sweep.add(number, slicesLoop(sweep, number, operand, elements));
      continue;
    }
    Loop loop{.taps = map.taps, .operandOffsets = sourceOffsets(map, resultShape, elements)};
    if (map.taps == 1 && map.result.count == 1 && sweep.rowAxisOf(map) < 0)
      extents[map.result.first] = keepRuns(loop.operandOffsets);
    else
      storeInFull(extents, map.result, resultShape);
    sweep.add(number, std::move(loop));
  }
  RankTensor result(resultShape, extents, RankTensor::never);
  for (auto [loop, map] : llvm::zip_equal(sweep.loops, sweep.mapOf))
    if (read.maps[map].result.count > 0)
      loop.resultOffsets = storedOffsets(read.maps[map].result, result);
  auto take = [to = result.data().data(), from = operand.data().data()](int64_t r, int64_t o) {
    to[r] = std::max(to[r], from[o]);
  };
  if (sweep.followsRows()) {
    sweep.run(sweep.rows(result.strides(), nullptr), take);
  } else {
    Classes classes = sweep.kept.equalRows();
    sweep.kept.mergeRows(classes);
    sweep.run(sweep.rows(result.strides(), &classes), take);
    copyRows(result, sweep.rowAxes(), classes);
  }
  result.compress();
  result.shareWith(operand);
  return result;
}

RankTensor scatterMax(const Read &read, const RankTensor &wanted,
                      llvm::ArrayRef<int64_t> operandShape) {
  if (wanted.isAll(RankTensor::never))
    return RankTensor(operandShape);
  if (hidesResults(read))
    return scatterMax(withoutMask(read), compressed(shownBy(*read.mask, wanted)), operandShape);
  if (read.comparison)
    return scatterCompared(read, wanted, operandShape);
  if (read.admitted)
    return scatterAdmitted(read, wanted, operandShape);
  RankTensor result = withoutUnreadAxes(read, wanted);
  auto targets = [&](const AxisMap &map) {
    return targetsOf(map, elementsAlong(map.result, result.shape()),
                     elementsAlong(map.operand, operandShape));
  };
  if (auto operand = passedOn(read, result, &AxisMap::result, &AxisMap::operand, operandShape,
                              [&](const AxisMap &map) {
                                return isUniformAlong(result, map.result) && targets(map).areAll;
                              }))
    return *operand;
  // Rows of a mask are told apart one by one, or not at all.
  if (read.mask)
    for (int64_t axis : read.mask->resultAxes)
      if (!result.isUniform(axis))
        result = result.expanded(axis);
  Sweep sweep(read, result.shape());
  llvm::SmallVector<int64_t> extents(operandShape.size(), 1), swept;
  auto agrees = [&](int64_t number) {
    const AxisMap &map = read.maps[number];
    return isUniformAlong(result, map.result) && sweep.rowAxisOf(map) < 0 &&
           !sweep.maskPlace(number);
  };
  for (auto [number, map] : llvm::enumerate(read.maps))
    if (!agrees(static_cast<int64_t>(number)) || !targets(map).areAll)
      swept.push_back(static_cast<int64_t>(number));
  if (sweep.findLine(swept, result, &AxisMap::result)) {
    storeInFull(extents, sweep.line->operand, operandShape);
    swept.pop_back();
  }
  std::vector<Spread> spreads;
  for (int64_t number : swept) {
    const AxisMap &map = read.maps[number];
    Spread spread;
    if (agrees(number))
      spread.sources = targets(map).sources;
    if (agrees(number) && map.operand.count == 1)
      spread.readers = agreeingReaders(spread.sources, operandShape[map.operand.first]);
    else if (!agrees(number) && sweep.rowAxisOf(map) < 0 && !sweep.maskPlace(number))
      spread.readers = onlyReaders(map, result, operandShape);
    if (spread.readers.empty())
      storeInFull(extents, map.operand, operandShape);
    else
      extents[map.operand.first] = keepRuns(spread.readers);
    spreads.push_back(std::move(spread));
  }
  RankTensor operand(operandShape, extents, RankTensor::never);
  for (auto [number, spread] : llvm::zip_equal(swept, spreads))
    sweep.add(number, spread.loop(read.maps[number], result, operand));
  auto give = [to = operand.data().data(), from = result.data().data()](int64_t r, int64_t o) {
    to[o] = std::max(to[o], from[r]);
  };
  if (sweep.followsRows()) {
    sweep.run(sweep.rows(result.strides(), nullptr), give);
  } else {
    Classes classes = rowsThatAgree(sweep, result);
    sweep.kept.mergeRows(classes);
    sweep.run(sweep.rows(result.strides(), &classes), give);
  }
  operand.compress();
  operand.shareWith(result);
  return operand;
}

} // namespace quern::passes
