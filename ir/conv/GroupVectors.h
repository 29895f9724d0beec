// Convolutions in groups, by vectors along output channels.
#pragma once

#include <cstdint>

namespace quern::ir {

/// The numbers of the longest vector.
inline constexpr int64_t mostLanes = 16;

/// How direct convolution shares vectors among groups.
enum class GroupVectors {
  whole,  ///< each group's outputs are whole vectors, or there is one group
  shared, ///< a vector holds outputs of several groups, each of which reads inputs of its own
  padded, ///< each group begins with a vector, and the last one is part empty
};

/// Of that many groups, with `inputs` and `outputs` channels each. Where a vector would hold parts
/// of groups, or there is none to be filled, all but few outputs of few products are padded.
constexpr GroupVectors groupVectors(int64_t groups, int64_t inputs, int64_t outputs) {
  if (groups == 1 || outputs % mostLanes == 0)
    return GroupVectors::whole;
  bool areWhole = mostLanes % outputs == 0 && groups * outputs >= mostLanes;
  bool isThin = inputs == 1 && 2 * outputs < mostLanes;
  return areWhole || isThin ? GroupVectors::shared : GroupVectors::padded;
}

} // namespace quern::ir
