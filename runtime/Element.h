// Single elements of tensors as numbers.
#pragma once

#include "runtime/quern.h"

#include <cstddef>
#include <cstdint>

namespace quern::runtime {

/// The element at `place`, at any alignment; 64-bit integers beyond 2^53 are rounded.
double numberAt(quern_dtype dtype, const std::byte *place);

/// Whether a number of an integer type is an index of so many elements.
constexpr bool isIndex(double number, uint32_t elements) {
  return number >= 0 && number < static_cast<double>(elements);
}

} // namespace quern::runtime
