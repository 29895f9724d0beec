#include "passes/causal/ReadRules.h"

namespace quern::passes {

AxisMap alongAxis(int64_t operand, int64_t result) {
  return {.operand = {operand, 1}, .result = {result, 1}};
}

AxisMap wholeAxis(int64_t operand, int64_t extent) {
  AxisMap map{.operand = {operand, 1}, .taps = extent, .tapName = TapName::coordinate};
  for (int64_t tap = 0; tap < extent; ++tap)
    map.table.push_back(static_cast<int32_t>(tap));
  return map;
}

AxisMap onlyElement(int64_t operand) { return {.operand = {operand, 1}, .table = {0}}; }

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

AxisMap windowAxis(int64_t axis, int64_t extent, int64_t resultExtent, int64_t window,
                   int64_t stride, int64_t dilation, int64_t padLow) {
  AxisMap map = mappedAxis(
      {axis, 1}, {axis, 1}, extent, resultExtent, window,
      [&](int64_t element, int64_t tap) { return element * stride + tap * dilation - padLow; });
  map.tapName = TapName::offset;
  map.tapStart = -padLow;
  map.tapStep = dilation;
  return map;
}

} // namespace quern::passes
