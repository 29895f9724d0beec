// The element types' names and sizes, for C++ that does not link the runtime.
#pragma once

#include "runtime/quern.h"

#include <cstddef>

namespace quern::runtime {

/// The size of one element in bytes; 0 for an unknown type.
constexpr size_t dtypeBytes(quern_dtype dtype) {
  switch (dtype) {
  case QUERN_F64:
  case QUERN_I64:
  case QUERN_U64:
    return 8;
  case QUERN_F32:
  case QUERN_I32:
  case QUERN_U32:
    return 4;
  case QUERN_F16:
  case QUERN_BF16:
  case QUERN_I16:
  case QUERN_U16:
    return 2;
  case QUERN_I8:
  case QUERN_U8:
  case QUERN_BOOL:
    return 1;
  }
  return 0;
}

constexpr bool isFloat(quern_dtype dtype) {
  return dtype == QUERN_F32 || dtype == QUERN_F64 || dtype == QUERN_F16 || dtype == QUERN_BF16;
}

/// Whether an integer type has the number `integer`.
constexpr bool holdsInteger(quern_dtype dtype, uint64_t integer) {
  bool isSigned = dtype >= QUERN_I8 && dtype <= QUERN_I64;
  size_t bits = dtype == QUERN_BOOL ? 1 : 8 * dtypeBytes(dtype) - isSigned;
  return bits == 64 || integer >> bits == 0;
}

/// Significant digits that tell one number of a type from others, or of floats, from far ones.
constexpr int digitsOf(quern_dtype dtype) { return isFloat(dtype) ? 6 : 17; }

/// "f32", "i64", "bool"…; "?" for an unknown type.
constexpr const char *dtypeName(quern_dtype dtype) {
  switch (dtype) {
  case QUERN_F32:
    return "f32";
  case QUERN_F64:
    return "f64";
  case QUERN_F16:
    return "f16";
  case QUERN_BF16:
    return "bf16";
  case QUERN_I8:
    return "i8";
  case QUERN_I16:
    return "i16";
  case QUERN_I32:
    return "i32";
  case QUERN_I64:
    return "i64";
  case QUERN_U8:
    return "u8";
  case QUERN_U16:
    return "u16";
  case QUERN_U32:
    return "u32";
  case QUERN_U64:
    return "u64";
  case QUERN_BOOL:
    return "bool";
  }
  return "?";
}

} // namespace quern::runtime
