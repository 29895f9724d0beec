#include "passes/causal/ReadRules.h"

namespace quern::passes {

bool AxisMap::hasPadding(int64_t resultElements) const {
  if (!table.empty())
    return llvm::is_contained(table, -1);
  // What is farthest to either side is read at a corner.
  for (int64_t element : {int64_t(0), resultElements - 1})
    for (int64_t tap : {int64_t(0), taps - 1})
      if (source(element, tap) < 0)
        return true;
  return false;
}

AxisMap alongAxis(int64_t operand, int64_t result) {
  return {.operand = {operand, 1}, .result = {result, 1}};
}

AxisMap wholeAxis(int64_t operand, int64_t extent) {
  return {.operand = {operand, 1},
          .taps = extent,
          .stride = 0,
          .dilation = 1,
          .extent = extent,
          .tapName = TapName::coordinate};
}

AxisMap onlyElement(int64_t operand) { return {.operand = {operand, 1}, .stride = 0, .extent = 1}; }

AxisMap movedAxis(int64_t axis, int64_t extent, int64_t stride, int64_t start) {
  return {.operand = {axis, 1},
          .result = {axis, 1},
          .stride = stride,
          .start = start,
          .extent = extent};
}

AxisMap mappedAxis(AxisRange operand, AxisRange result, int64_t extent, int64_t resultExtent,
                   int64_t taps, llvm::function_ref<int64_t(int64_t, int64_t)> source) {
  AxisMap map{.operand = operand, .result = result, .taps = taps};
  map.table.reserve(resultExtent * taps);
  for (int64_t element = 0; element < resultExtent; ++element)
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t at = source(element, tap);
      map.table.push_back(at >= 0 && at < extent ? static_cast<int32_t>(at) : -1);
    }
  return map;
}

AxisMap windowAxis(int64_t axis, int64_t extent, int64_t window, int64_t stride, int64_t dilation,
                   int64_t padLow) {
  AxisMap map = movedAxis(axis, extent, stride, -padLow);
  map.taps = window;
  map.dilation = dilation;
  map.tapName = TapName::offset;
  map.tapStart = -padLow;
  map.tapStep = dilation;
  return map;
}

} // namespace quern::passes
