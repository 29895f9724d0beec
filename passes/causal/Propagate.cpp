// Both directions visit the pairs (result element, operand element) of a Read. Axes that are
// uniform on the side that is read from are left out, equal slices are visited once, and so are
// equal rows of a mask: the work is that of positions times taps, whatever the number of channels.
#include "passes/causal/Propagate.h"

#include "ir/HostTensor.h"
#include "passes/causal/Sweep.h"

#include <algorithm>

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
  if (map.operand.count != 1 || llvm::is_contained(map.table, -1)) {
    loop.taps = map.taps;
    loop.operandOffsets = sourceOffsets(map, elements);
    return loop;
  }
  std::vector<std::vector<int32_t>> slices = slicesAlong(operand, map.operand.first), read;
  for (int64_t tap = 0; tap < map.taps; ++tap)
    read.push_back(slices[operand.isUniform(map.operand.first) ? 0 : map.source(0, tap)]);
  Classes classes = classesOf<int32_t>(read);
  for (int64_t tap : classes.representatives)
    loop.operandOffsets.push_back(elements[map.source(0, tap)]);
  loop.taps = static_cast<int64_t>(classes.representatives.size());
  if (auto place = sweep.maskPlace(number))
    sweep.kept.mergeTaps(*place, classes);
  return loop;
}

/// Copies each computed row to the others of its class.
void copyRows(RankTensor &result, llvm::ArrayRef<int64_t> rowAxes, const Classes &classes) {
  llvm::SmallVector<int64_t> extents = llvm::to_vector(result.extents());
  llvm::SmallVector<int64_t> strides = ir::rowMajorStrides(extents), rest = extents;
  std::vector<int64_t> rowOffsets{0};
  for (int64_t axis : rowAxes) {
    std::vector<int64_t> next;
    for (int64_t offset : rowOffsets)
      for (int64_t at = 0; at < extents[axis]; ++at)
        next.push_back(offset + at * strides[axis]);
    rowOffsets = std::move(next);
    rest[axis] = 1;
  }
  std::vector<int64_t> elements =
      rangeOffsets({0, static_cast<int64_t>(rest.size())}, rest, strides);
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

Targets targetsOf(const AxisMap &map, int64_t operandElements) {
  Targets targets;
  if (map.table.empty())
    return {.areAll = true};
  targets.sources.assign(map.table.begin(), map.table.end());
  llvm::erase(targets.sources, -1);
  llvm::sort(targets.sources);
  targets.sources.erase(llvm::unique(targets.sources), targets.sources.end());
  targets.areAll = static_cast<int64_t>(targets.sources.size()) == operandElements;
  return targets;
}

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

/// Whether each result element reads the operand's element at its own index, and nothing else.
bool isIdentity(const Read &read, llvm::ArrayRef<int64_t> operandShape,
                llvm::ArrayRef<int64_t> resultShape) {
  return operandShape == resultShape && !read.mask &&
         llvm::all_of(read.maps, [](const AxisMap &map) {
           return map.table.empty() && map.operand.first == map.result.first &&
                  map.operand.count == map.result.count;
         });
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

} // namespace

RankTensor gatherMax(const Read &read, const RankTensor &operand,
                     llvm::ArrayRef<int64_t> resultShape) {
  constexpr int32_t never = RankTensor::never;
  if (isIdentity(read, operand.shape(), resultShape))
    return operand;
  if (operand.isAll(never))
    return RankTensor(resultShape);
  Sweep sweep(read, resultShape);
  llvm::SmallVector<int64_t> extents(resultShape.size(), 1);
  for (int64_t axis : sweep.rowAxes())
    extents[axis] = resultShape[axis];
  for (auto [at, map] : llvm::enumerate(read.maps)) {
    auto number = static_cast<int64_t>(at);
    if (isUniformAlong(operand, map.operand) && !llvm::is_contained(map.table, -1)) {
      if (auto place = sweep.maskPlace(number))
        sweep.kept.mergeTaps(*place, oneClass(map.taps));
      continue;
    }
    std::vector<int64_t> elements = rangeOffsets(map.operand, operand.shape(), operand.strides());
    if (map.result.count == 0) {
      sweep.add(number, slicesLoop(sweep, number, operand, elements));
      continue;
    }
    storeInFull(extents, map.result, resultShape);
    sweep.add(number, {.taps = map.taps, .operandOffsets = sourceOffsets(map, elements)});
  }
  RankTensor result(resultShape, extents, never);
  for (auto [loop, map] : llvm::zip_equal(sweep.loops, sweep.mapOf))
    if (read.maps[map].result.count > 0)
      loop.resultOffsets = rangeOffsets(read.maps[map].result, resultShape, result.strides());
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
  return result;
}

RankTensor scatterMax(const Read &read, const RankTensor &wanted,
                      llvm::ArrayRef<int64_t> operandShape) {
  constexpr int32_t never = RankTensor::never;
  if (isIdentity(read, operandShape, wanted.shape()))
    return wanted;
  if (wanted.isAll(never))
    return RankTensor(operandShape);
  RankTensor result = withoutUnreadAxes(read, wanted);
  Sweep sweep(read, result.shape());
  llvm::SmallVector<int64_t> extents(operandShape.size(), 1);
  struct Planned {
    int64_t map;
    /// Whether the result's elements along the map agree, so that each source is marked once.
    bool agrees;
    std::vector<int64_t> sources;
  };
  std::vector<Planned> planned;
  for (auto [at, map] : llvm::enumerate(read.maps)) {
    auto number = static_cast<int64_t>(at);
    llvm::ArrayRef<int64_t> range = operandShape.slice(map.operand.first, map.operand.count);
    bool agrees =
        isUniformAlong(result, map.result) && sweep.rowAxisOf(map) < 0 && !sweep.maskPlace(number);
    Targets targets = agrees ? targetsOf(map, product(range)) : Targets();
    if (targets.areAll)
      continue;
    storeInFull(extents, map.operand, operandShape);
    planned.push_back({number, agrees, std::move(targets.sources)});
  }
  RankTensor operand(operandShape, extents, never);
  for (const Planned &plan : planned) {
    const AxisMap &map = read.maps[plan.map];
    std::vector<int64_t> elements = rangeOffsets(map.operand, operandShape, operand.strides());
    Loop loop{.resultOffsets = {0}};
    if (plan.agrees) {
      loop.taps = static_cast<int64_t>(plan.sources.size());
      for (int64_t source : plan.sources)
        loop.operandOffsets.push_back(elements[source]);
    } else {
      loop.taps = map.taps;
      loop.operandOffsets = sourceOffsets(map, elements);
      loop.resultOffsets = rangeOffsets(map.result, result.shape(), result.strides());
    }
    sweep.add(plan.map, std::move(loop));
  }
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
  return operand;
}

} // namespace quern::passes
