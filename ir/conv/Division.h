// Whole numbers divided and rounded up, as tiles and blocks are counted.
#pragma once

#include <cstdint>

namespace quern::ir {

/// a / b, rounded up; a is at least 0, b at least 1.
constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The least multiple of `factor` that is not below `value`.
constexpr int64_t roundUp(int64_t value, int64_t factor) { return ceilDiv(value, factor) * factor; }

} // namespace quern::ir
