#include "frontend/weights/ElementTypes.h"

#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

namespace quern::frontend::weights {

namespace {

constexpr std::array<std::pair<quern_dtype, std::string_view>, 13> safetensorsNames = {{
    {QUERN_F32, "F32"},
    {QUERN_F64, "F64"},
    {QUERN_F16, "F16"},
    {QUERN_BF16, "BF16"},
    {QUERN_I8, "I8"},
    {QUERN_I16, "I16"},
    {QUERN_I32, "I32"},
    {QUERN_I64, "I64"},
    {QUERN_U8, "U8"},
    {QUERN_U16, "U16"},
    {QUERN_U32, "U32"},
    {QUERN_U64, "U64"},
    {QUERN_BOOL, "BOOL"},
}};

bool isFloat(quern_dtype dtype) {
  return dtype == QUERN_F16 || dtype == QUERN_BF16 || dtype == QUERN_F32 || dtype == QUERN_F64;
}

float halfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  const uint32_t fraction = half & 0x3FFU;
  if (exponent == 0x1F) // infinity, or a NaN with its payload
    return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  if (exponent == 0) { // zero or subnormal: a multiple of 2^-24, which f32 holds exactly
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 127 - 15) << 23) | (fraction << 13));
}

float bfloatToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template <typename Stored, typename Function>
void convertEach(std::span<const std::byte> source, std::span<float> target, Function function) {
  for (size_t i = 0; i < target.size(); ++i) {
    Stored element;
    std::memcpy(&element, source.data() + i * sizeof(Stored), sizeof(Stored));
    target[i] = function(element);
  }
}

} // namespace

std::string_view safetensorsName(quern_dtype dtype) {
  for (const auto &[candidate, name] : safetensorsNames)
    if (candidate == dtype)
      return name;
  return {};
}

std::optional<quern_dtype> dtypeFromSafetensors(std::string_view name) {
  for (const auto &[dtype, candidate] : safetensorsNames)
    if (candidate == name)
      return dtype;
  return std::nullopt;
}

bool isConvertible(quern_dtype from, quern_dtype to) {
  return from == to || (to == QUERN_F32 && isFloat(from));
}

void convertToF32(quern_dtype from, std::span<const std::byte> source, std::span<float> target) {
  assert(isConvertible(from, QUERN_F32) &&
         source.size() == target.size() * runtime::dtypeBytes(from));
  switch (from) {
  case QUERN_F16:
    return convertEach<uint16_t>(source, target, halfToFloat);
  case QUERN_BF16:
    return convertEach<uint16_t>(source, target, bfloatToFloat);
  case QUERN_F64:
    return convertEach<double>(source, target, [](double x) { return static_cast<float>(x); });
  default:
    std::memcpy(target.data(), source.data(), source.size());
  }
}

} // namespace quern::frontend::weights
