// Single elements of tensors as numbers.
#pragma once

#include "runtime/quern.h"

#include <cstddef>
#include <cstdint>

namespace quern::runtime {

/// The element at `place`, at any alignment; 64-bit integers beyond 2^53 are rounded.
double numberAt(quern_dtype dtype, const std::byte *place);

/// Makes the element at `place`, at any alignment, the number nearest to `number` that its type
/// has; of an integer type, one that it holds.
void putNumber(quern_dtype dtype, double number, std::byte *place);

/// Whether an element is an index of so many elements; casts to integers truncate.
constexpr bool isIndex(double number, uint32_t elements) {
  return number > -1 && number < static_cast<double>(elements);
}

} // namespace quern::runtime
