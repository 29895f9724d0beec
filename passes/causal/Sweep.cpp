#include "passes/causal/Sweep.h"

#include "ir/HostTensor.h"

namespace quern::passes {

std::optional<size_t> Sweep::maskPlace(int64_t map) const {
  if (!read.mask)
    return std::nullopt;
  const auto *found = llvm::find(read.mask->maps, map);
  if (found == read.mask->maps.end())
    return std::nullopt;
  return found - read.mask->maps.begin();
}

int64_t Sweep::rowAxisOf(const AxisMap &map) const {
  return map.result.count == 1 && llvm::is_contained(rowAxes(), map.result.first) ? map.result.first
                                                                                  : -1;
}

void Sweep::add(int64_t map, Loop loop) {
  loop.rowAxis = rowAxisOf(read.maps[map]);
  loops.push_back(std::move(loop));
  mapOf.push_back(map);
}

bool Sweep::findLine(llvm::ArrayRef<int64_t> swept, const RankTensor &from,
                     AxisRange AxisMap::*own) {
  if (swept.empty())
    return false;
  const AxisMap &last = read.maps[swept.back()];
  bool isPlain = last.table.empty() && last.stride > 0 && last.operand.count == 1 &&
                 last.result.count == 1 && rowAxisOf(last) < 0 && !maskPlace(swept.back());
  if (!isPlain || from.run((last.*own).first) != 1)
    return false;
  bool isInnermost =
      llvm::all_of(rowAxes(), [&](int64_t axis) { return axis < last.result.first; }) &&
      llvm::all_of(swept.drop_back(), [&](int64_t map) {
        AxisRange along = read.maps[map].result;
        return along.count == 0 || along.first < last.result.first;
      });
  if (isInnermost)
    line = &last;
  return isInnermost;
}

std::vector<Row> Sweep::rows(llvm::ArrayRef<int64_t> resultStrides, const Classes *classes) const {
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

std::vector<int64_t> rangeOffsets(AxisRange range, const RankTensor &tensor) {
  llvm::ArrayRef<int64_t> shape = tensor.shape();
  llvm::SmallVector<int64_t> strides = tensor.strides();
  std::vector<int64_t> offsets{0};
  for (int64_t axis = range.first; axis < range.first + range.count; ++axis) {
    std::vector<int64_t> next;
    next.reserve(offsets.size() * shape[axis]);
    for (int64_t offset : offsets)
      for (int64_t stored = 0; stored < tensor.extents()[axis]; ++stored)
        next.insert(next.end(), tensor.run(axis), offset + stored * strides[axis]);
    offsets = std::move(next);
  }
  return offsets;
}

std::vector<int64_t> sourceOffsets(const AxisMap &map, llvm::ArrayRef<int64_t> resultShape,
                                   const std::vector<int64_t> &elements) {
  int64_t results = elementsAlong(map.result, resultShape);
  std::vector<int64_t> offsets;
  offsets.reserve(results * map.taps);
  for (int64_t element = 0; element < results; ++element)
    for (int64_t tap = 0; tap < map.taps; ++tap) {
      int64_t source = map.source(element, tap);
      offsets.push_back(source < 0 ? -1 : elements[source]);
    }
  return offsets;
}

} // namespace quern::passes
