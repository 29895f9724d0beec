#include "ir/conv/UnitStride.h"

#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::ir {
namespace {

/// Sets the padding behind the input to what is read there.
void setHighPadding(ConvAxis &axis) {
  axis.padHigh = axis.out + axis.span() - 1 - axis.padLow - axis.in;
}

/// Phase p has taps p, p + stride, ... of the filter, dilated as the filter is.
UnitStride splitIntoPhases(const ConvAxis &axis) {
  // Samples before the input in all phases, the last of which begins with the latest input.
  int64_t latest = (axis.stride - 1) * axis.dilation;
  int64_t zeros = ceilDiv(std::max<int64_t>(axis.padLow - latest, 0), axis.stride);
  UnitStride unit{.axis = axis, .phases = axis.stride, .origin = zeros * axis.stride - axis.padLow};
  unit.axis.stride = 1;
  unit.axis.kernel = ceilDiv(axis.kernel, axis.stride);
  unit.axis.padLow = zeros;
  unit.axis.in = (axis.in - 1 + axis.padLow) / axis.stride + 1 - zeros;
  return unit;
}

} // namespace

int64_t UnitStride::wholeSamples() const {
  int64_t shared = axis.padLow > 0 ? std::min(axis.padLow, axis.padHigh) : 0;
  return std::max(axis.out, axis.out + axis.span() - 1 - shared);
}

int64_t UnitStride::keptOf(int64_t size) const {
  return size >= wholeSamples() ? kept() : (size - axis.span()) / keptStep + 1;
}

int64_t UnitStride::tiles(int64_t size) const { return ceilDiv(kept(), keptOf(size)); }

int64_t UnitStride::wrappedPadding(int64_t size) const {
  return size >= wholeSamples() ? axis.padLow : 0;
}

UnitStride unitStride(const ConvAxis &axis, bool sumsSpectra) {
  UnitStride unit{.axis = axis};
  if (axis.stride > 1 && sumsSpectra) {
    unit = splitIntoPhases(axis);
  } else {
    unit.keptStep = axis.stride;
    unit.axis.stride = 1;
    unit.axis.out = (axis.out - 1) * axis.stride + 1;
  }
  setHighPadding(unit.axis);
  return unit;
}

std::vector<UnitStride> unitStrides(std::span<const ConvAxis> axes, bool sumsSpectra) {
  std::vector<UnitStride> units;
  for (const ConvAxis &axis : axes)
    units.push_back(unitStride(axis, sumsSpectra));
  return units;
}

int64_t phasesOf(std::span<const UnitStride> axes) {
  int64_t phases = 1;
  for (const UnitStride &axis : axes)
    phases *= axis.phases;
  return phases;
}

} // namespace quern::ir
