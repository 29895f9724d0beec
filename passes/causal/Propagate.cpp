// Both directions visit the pairs (result element, operand element) of a Read. Axes that are
// uniform on the side that is read from are left out, equal slices are visited once, and so are
// equal rows of a mask: the work is that of positions times taps, whatever the number of channels.
#include "passes/causal/Propagate.h"

#include "ir/HostTensor.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace quern::passes {
namespace {

int64_t product(llvm::ArrayRef<int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<>());
}

/// Numbers from 0 for equal things, and the first member of each class.
struct Classes {
  std::vector<int64_t> classOf, representatives;
};

/// Classes of equal vectors.
template <typename T> Classes classesOf(llvm::ArrayRef<std::vector<T>> members) {
  Classes classes;
  std::map<llvm::ArrayRef<T>, int64_t, bool (*)(llvm::ArrayRef<T>, llvm::ArrayRef<T>)> seen(
      [](llvm::ArrayRef<T> a, llvm::ArrayRef<T> b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
      });
  for (auto [at, member] : llvm::enumerate(members)) {
    auto [entry, isNew] = seen.try_emplace(llvm::ArrayRef<T>(member), seen.size());
    if (isNew)
      classes.representatives.push_back(static_cast<int64_t>(at));
    classes.classOf.push_back(entry->second);
  }
  return classes;
}

/// The stored elements of each slice along an axis.
std::vector<std::vector<int32_t>> slicesAlong(const RankTensor &tensor, int64_t axis) {
  llvm::ArrayRef<int64_t> extents = tensor.extents();
  int64_t along = extents[axis], inner = product(extents.drop_front(axis + 1));
  int64_t outer = product(extents.take_front(axis));
  std::vector<std::vector<int32_t>> slices(along);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < along; ++i) {
      auto from = tensor.data().begin() + (o * along + i) * inner;
      slices[i].insert(slices[i].end(), from, from + inner);
    }
  return slices;
}

/// A mask on its way: rows of combinations of taps.
struct KeptTaps {
  int64_t rows = 1;
  llvm::SmallVector<int64_t> taps;
  std::vector<uint8_t> kept{1};

  KeptTaps() = default;
  KeptTaps(const Read &read, llvm::ArrayRef<int64_t> resultShape) {
    if (!read.mask)
      return;
    for (int64_t axis : read.mask->resultAxes)
      rows *= resultShape[axis];
    for (int64_t map : read.mask->maps)
      taps.push_back(read.maps[map].taps);
    kept = read.mask->kept;
  }

  int64_t width() const { return product(taps); }

  /// Taps of one class along `place` become one, kept where any is.
  void mergeTaps(size_t place, const Classes &classes) {
    int64_t inner = product(llvm::ArrayRef(taps).drop_front(place + 1));
    int64_t outer = rows * product(llvm::ArrayRef(taps).take_front(place));
    auto count = static_cast<int64_t>(classes.representatives.size());
    std::vector<uint8_t> merged(outer * count * inner, 0);
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t tap = 0; tap < taps[place]; ++tap)
        for (int64_t i = 0; i < inner; ++i)
          merged[(o * count + classes.classOf[tap]) * inner + i] |=
              kept[(o * taps[place] + tap) * inner + i];
    taps[place] = count;
    kept = std::move(merged);
  }

  /// Rows of one class become one, which keeps what any does.
  void mergeRows(const Classes &classes) {
    int64_t length = width();
    std::vector<uint8_t> merged(classes.representatives.size() * length, 0);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t tap = 0; tap < length; ++tap)
        merged[classes.classOf[row] * length + tap] |= kept[row * length + tap];
    rows = static_cast<int64_t>(classes.representatives.size());
    kept = std::move(merged);
  }

  Classes equalRows() const {
    std::vector<std::vector<uint8_t>> contents;
    for (int64_t row = 0; row < rows; ++row)
      contents.emplace_back(kept.begin() + row * width(), kept.begin() + (row + 1) * width());
    return classesOf<uint8_t>(contents);
  }
};

Classes oneClass(int64_t members) {
  return {std::vector<int64_t>(members, 0), std::vector<int64_t>{0}};
}

/// One AxisMap as it is run through.
struct Loop {
  int64_t taps = 1;
  /// Stored offsets of the result's elements along the map; one where it has no axes there.
  std::vector<int64_t> resultOffsets = {};
  /// [result elements][taps]: stored offsets in the operand, or -1.
  std::vector<int64_t> operandOffsets = {};
  /// Steps in a row of the mask; 0 if the mask does not speak about these taps.
  int64_t keptStride = 0;
  /// The result axis, if the rows of the mask run along it: then a row tells the coordinate.
  int64_t rowAxis = -1;

  bool hasCoordinate() const { return rowAxis < 0 && resultOffsets.size() > 1; }
};

/// One row of the mask, for one set of masked result coordinates.
struct Row {
  int64_t resultOffset = 0;
  const uint8_t *kept = nullptr;
  llvm::SmallVector<int64_t> coordinates = {}; ///< along the mask's result axes
};

/// Runs through all pairs of offsets.
template <typename Visit> class PairSweep {
public:
  PairSweep(llvm::ArrayRef<Loop> loops, llvm::ArrayRef<int64_t> rowAxes, Visit visit)
      : loops(loops), rowAxes(rowAxes), visit(visit), tap(loops.size(), 0) {
    for (auto [at, loop] : llvm::enumerate(loops))
      if (loop.hasCoordinate())
        open.push_back(at);
  }

  void run(const Row &current) {
    row = &current;
    chooseTaps(0, 0, row->resultOffset, 0);
  }

private:
  void chooseTaps(size_t at, int64_t kept, int64_t result, int64_t operand) {
    if (at == loops.size()) {
      if (row->kept[kept])
        chooseCoordinates(0, result, operand);
      return;
    }
    const Loop &loop = loops[at];
    for (int64_t t = 0; t < loop.taps; ++t) {
      tap[at] = t;
      int64_t offset = 0;
      if (!loop.hasCoordinate())
        offset = loop.operandOffsets[coordinate(loop) * loop.taps + t];
      if (offset >= 0)
        chooseTaps(at + 1, kept + t * loop.keptStride, result, operand + offset);
    }
  }

  int64_t coordinate(const Loop &loop) const {
    if (loop.rowAxis < 0)
      return 0;
    return row->coordinates[llvm::find(rowAxes, loop.rowAxis) - rowAxes.begin()];
  }

  void chooseCoordinates(size_t at, int64_t result, int64_t operand) {
    if (at == open.size()) {
      visit(result, operand);
      return;
    }
    const Loop &loop = loops[open[at]];
    const int64_t *sources = loop.operandOffsets.data() + tap[open[at]];
    bool isLast = at + 1 == open.size();
    for (int64_t r : llvm::seq<int64_t>(loop.resultOffsets.size())) {
      int64_t source = sources[r * loop.taps];
      if (source < 0)
        continue;
      if (isLast)
        visit(result + loop.resultOffsets[r], operand + source);
      else
        chooseCoordinates(at + 1, result + loop.resultOffsets[r], operand + source);
    }
  }

  llvm::ArrayRef<Loop> loops;
  llvm::ArrayRef<int64_t> rowAxes;
  Visit visit;
  llvm::SmallVector<int64_t> tap;
  llvm::SmallVector<size_t> open;
  const Row *row = nullptr;
};

/// Offsets of the elements of a range of axes, flattened, where elements are `strides` apart.
std::vector<int64_t> rangeOffsets(AxisRange range, llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<int64_t> strides) {
  std::vector<int64_t> offsets{0};
  for (int64_t axis = range.first; axis < range.first + range.count; ++axis) {
    std::vector<int64_t> next;
    next.reserve(offsets.size() * shape[axis]);
    for (int64_t offset : offsets)
      for (int64_t at = 0; at < shape[axis]; ++at)
        next.push_back(offset + at * strides[axis]);
    offsets = std::move(next);
  }
  return offsets;
}

/// The map's operand offsets, given those of the elements along its operand axes.
std::vector<int64_t> sourceOffsets(const AxisMap &map, const std::vector<int64_t> &elements) {
  if (map.table.empty())
    return elements;
  std::vector<int64_t> offsets;
  offsets.reserve(map.table.size());
  for (int32_t source : map.table)
    offsets.push_back(source < 0 ? -1 : elements[source]);
  return offsets;
}

bool isUniformAlong(const RankTensor &tensor, AxisRange range) {
  return llvm::all_of(llvm::seq(range.first, range.first + range.count),
                      [&](int64_t axis) { return tensor.isUniform(axis); });
}

void storeInFull(llvm::SmallVector<int64_t> &extents, AxisRange range,
                 llvm::ArrayRef<int64_t> shape) {
  for (int64_t axis = range.first; axis < range.first + range.count; ++axis)
    extents[axis] = shape[axis];
}

/// What a sweep in either direction consists of, being built.
struct Sweep {
  const Read &read;
  llvm::ArrayRef<int64_t> resultShape;
  KeptTaps kept;
  std::vector<Loop> loops;
  /// Which AxisMap each loop stands for.
  std::vector<int64_t> mapOf;

  Sweep(const Read &read, llvm::ArrayRef<int64_t> resultShape)
      : read(read), resultShape(resultShape), kept(read, resultShape) {}

  llvm::ArrayRef<int64_t> rowAxes() const {
    return read.mask ? llvm::ArrayRef<int64_t>(read.mask->resultAxes) : llvm::ArrayRef<int64_t>();
  }

  /// Where the mask holds the taps of a map, if it does.
  std::optional<size_t> maskPlace(int64_t map) const {
    if (!read.mask)
      return std::nullopt;
    const auto *found = llvm::find(read.mask->maps, map);
    if (found == read.mask->maps.end())
      return std::nullopt;
    return found - read.mask->maps.begin();
  }

  /// The axis of the mask's rows that a map runs along, or -1.
  int64_t rowAxisOf(const AxisMap &map) const {
    return map.result.count == 1 && llvm::is_contained(rowAxes(), map.result.first)
               ? map.result.first
               : -1;
  }

  bool followsRows() const {
    return llvm::any_of(loops, [](const Loop &loop) { return loop.rowAxis >= 0; });
  }

  void add(int64_t map, Loop loop) {
    loop.rowAxis = rowAxisOf(read.maps[map]);
    loops.push_back(std::move(loop));
    mapOf.push_back(map);
  }

  /// All rows, or the representatives of `classes` with rows merged before.
  std::vector<Row> rows(llvm::ArrayRef<int64_t> resultStrides, const Classes *classes) const {
    std::vector<Row> list;
    llvm::SmallVector<int64_t> extents;
    for (int64_t axis : rowAxes())
      extents.push_back(resultShape[axis]);
    int64_t number = 0, next = 0;
    ir::forEachIndex(extents, [&](llvm::ArrayRef<int64_t> index) {
      int64_t at = number++;
      if (classes && (next == static_cast<int64_t>(classes->representatives.size()) ||
                      classes->representatives[next] != at))
        return;
      Row row{.kept = kept.kept.data() + (kept.rows == 1 ? 0
                                          : classes      ? next
                                                         : at) *
                                             kept.width(),
              .coordinates = llvm::to_vector(index)};
      for (auto [axis, coordinate] : llvm::zip_equal(rowAxes(), index))
        row.resultOffset += coordinate * resultStrides[axis];
      list.push_back(std::move(row));
      ++next;
    });
    return list;
  }

  template <typename Visit> void run(llvm::ArrayRef<Row> rows, Visit visit) {
    for (auto [loop, map] : llvm::zip_equal(loops, mapOf))
      if (auto place = maskPlace(map))
        loop.keptStride = product(llvm::ArrayRef(kept.taps).drop_front(*place + 1));
    PairSweep<Visit> sweep(loops, rowAxes(), visit);
    for (const Row &row : rows)
      sweep.run(row);
  }
};

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
