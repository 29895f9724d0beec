// How large a tensor in memory may be, of how many dimensions, and how many levels an element has.
#pragma once

#include <cstdint>

namespace quern::ir {

/// Kernels index with 32-bit integers. What this leaves below 2^31 is for padding and for vectors
/// that reach past the end.
inline constexpr int64_t maxElements = 2'000'000'000;

/// The most dimensions in memory, those of blocks included: the runtime's tables hold as many.
inline constexpr int64_t maxDimensions = 8;

/// The most levels of a distribution: as many integers as f32 counts. The runtime's limit, too.
inline constexpr int64_t maxLevels = int64_t{1} << 24;

} // namespace quern::ir
