// How large a tensor in memory may be, and of how many dimensions.
#pragma once

#include <cstdint>

namespace quern::ir {

/// Kernels index with 32-bit integers. What this leaves below 2^31 is for padding and for vectors
/// that reach past the end.
inline constexpr int64_t maxElements = 2'000'000'000;

/// The most dimensions in memory, those of blocks included: the runtime's tables hold as many.
inline constexpr int64_t maxDimensions = 8;

} // namespace quern::ir
