// Slices whose elements lie together in memory: parts of their operand that need no copy.
#pragma once

#include "ir/Quern.h"

#include <optional>

namespace quern::ir {

/// If the slice's elements lie in its operand as its result's type says: the byte at which they
/// begin.
std::optional<int64_t> sliceOffset(SliceOp slice);

} // namespace quern::ir
