// Single elements of tensors as numbers.
#pragma once

#include "runtime/quern.h"

#include <cstddef>

namespace quern::runtime {

/// The element at `place`, at any alignment; 64-bit integers beyond 2^53 are rounded.
double numberAt(quern_dtype dtype, const std::byte *place);

} // namespace quern::runtime
