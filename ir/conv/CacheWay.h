// What places of one set of a first-level cache have in common, for schedules and their costs.
#pragma once

#include <cstdint>

namespace quern::ir {

/// A line of each set: what lies multiples of this apart meets in one set. So on x86 and most Arm
/// cores, where the sets are as many as a page has lines.
inline constexpr int64_t cacheWayBytes = 4096;

} // namespace quern::ir
