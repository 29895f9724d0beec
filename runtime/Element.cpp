#include "runtime/Element.h"

#include <algorithm>
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

template <typename T> void store(auto number, std::byte *place) {
  auto value = static_cast<T>(number);
  std::memcpy(place, &value, sizeof value);
}

/// `number` in so many significant bits, fewer below 2^leastExponent; of two that are as near, the
/// even one.
double rounded(double number, int bits, int leastExponent) {
  if (!std::isfinite(number))
    return number;
  int unit = std::max(std::ilogb(number), leastExponent) + 1 - bits;
  return std::ldexp(std::nearbyint(std::ldexp(number, -unit)), unit);
}

void storeHalf(double number, std::byte *place) {
  constexpr int leastExponent = -14;
  double magnitude = std::abs(rounded(number, 11, leastExponent));
  int bits = std::isnan(number) ? 0x7e00 : 0x7c00;
  if (magnitude < 65536) {
    int exponent = std::max(std::ilogb(magnitude), leastExponent);
    // The leading one, where there is one, counts the exponent up.
    bits =
        ((exponent - leastExponent) << 10) + static_cast<int>(std::ldexp(magnitude, 10 - exponent));
  }
  store<uint16_t>(std::signbit(number) ? bits | 0x8000 : bits, place);
}

void storeBrain(double number, std::byte *place) {
  auto value = static_cast<float>(rounded(number, 8, -126));
  store<uint16_t>(std::bit_cast<uint32_t>(value) >> 16, place);
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

void putNumber(quern_dtype dtype, double number, std::byte *place) {
  switch (dtype) {
  case QUERN_F32:
    return store<float>(number, place);
  case QUERN_F64:
    return store<double>(number, place);
  case QUERN_F16:
    return storeHalf(number, place);
  case QUERN_BF16:
    return storeBrain(number, place);
  case QUERN_I8:
    return store<int8_t>(number, place);
  case QUERN_I16:
    return store<int16_t>(number, place);
  case QUERN_I32:
    return store<int32_t>(number, place);
  case QUERN_I64:
    return store<int64_t>(number, place);
  case QUERN_U16:
    return store<uint16_t>(number, place);
  case QUERN_U32:
    return store<uint32_t>(number, place);
  case QUERN_U64:
    return store<uint64_t>(number, place);
  case QUERN_U8:
  case QUERN_BOOL:
    break;
  }
  store<uint8_t>(number, place);
}

} // namespace quern::runtime
