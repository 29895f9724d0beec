#include "runtime/Element.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace quern::runtime {
namespace {

template <typename T> double load(const std::byte *place) {
  T value;
  std::memcpy(&value, place, sizeof value);
  return static_cast<double>(value);
}

double loadHalf(const std::byte *place) {
  uint16_t bits;
  std::memcpy(&bits, place, sizeof bits);
  double sign = bits & 0x8000 ? -1 : 1;
  int exponent = bits >> 10 & 31;
  int fraction = bits & 1023;
  if (exponent == 31)
    return fraction ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  // Below the least exponent there is no implied leading one.
  return exponent ? sign * std::ldexp(1024 + fraction, exponent - 25)
                  : sign * std::ldexp(fraction, -24);
}

double loadBrain(const std::byte *place) {
  uint16_t bits;
  std::memcpy(&bits, place, sizeof bits);
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

} // namespace

double numberAt(quern_dtype dtype, const std::byte *place) {
  switch (dtype) {
  case QUERN_F32:
    return load<float>(place);
  case QUERN_F64:
    return load<double>(place);
  case QUERN_F16:
    return loadHalf(place);
  case QUERN_BF16:
    return loadBrain(place);
  case QUERN_I8:
    return load<int8_t>(place);
  case QUERN_I16:
    return load<int16_t>(place);
  case QUERN_I32:
    return load<int32_t>(place);
  case QUERN_I64:
    return load<int64_t>(place);
  case QUERN_U16:
    return load<uint16_t>(place);
  case QUERN_U32:
    return load<uint32_t>(place);
  case QUERN_U64:
    return load<uint64_t>(place);
  case QUERN_U8:
  case QUERN_BOOL:
    break;
  }
  return load<uint8_t>(place);
}

} // namespace quern::runtime
