// The conversions of floating-point types, against the definitions of the formats.
#include "frontend/weights/ElementTypes.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace quern::frontend::weights::tests {

namespace {

template <typename Stored> float toF32(quern_dtype dtype, Stored element) {
  float converted = 0;
  convertToF32(dtype, std::as_bytes(std::span(&element, 1)), {&converted, 1});
  return converted;
}

// IEEE 754-2019, section 3.4, for binary16: five bits of exponent, ten of fraction.
double halfValue(uint32_t bits) {
  const double sign = bits >> 15 ? -1 : 1;
  const int exponent = bits >> 10 & 31;
  const double fraction = bits & 1023;
  if (exponent == 31)
    return fraction ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  return exponent ? sign * std::exp2(exponent - 15) * (1 + fraction / 1024)
                  : sign * std::exp2(-14) * (fraction / 1024);
}

TEST(ConversionTest, EveryHalfIsExact) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const double expected = halfValue(bits);
    const float converted = toF32(QUERN_F16, static_cast<uint16_t>(bits));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(converted)) << bits;
      continue;
    }
    ASSERT_EQ(converted, expected) << bits;
    ASSERT_EQ(std::signbit(converted), bits >> 15 != 0) << bits;
  }
}

TEST(ConversionTest, EveryBfloatIsTheUpperHalfOfAFloat) {
  for (uint32_t bits = 0; bits < 65536; ++bits)
    ASSERT_EQ(std::bit_cast<uint32_t>(toF32(QUERN_BF16, static_cast<uint16_t>(bits))), bits << 16);
}

TEST(ConversionTest, DoublesRoundToNearest) {
  EXPECT_EQ(toF32(QUERN_F64, 0.1), 0.1F);
  EXPECT_EQ(toF32(QUERN_F64, 1 + std::exp2(-24)), 1.0F); // halfway: to even
  EXPECT_EQ(toF32(QUERN_F64, 1 + std::exp2(-23)), 1 + std::exp2f(-23));
  EXPECT_EQ(toF32(QUERN_F64, -1e300), -std::numeric_limits<float>::infinity());
}

TEST(ConversionTest, OnlyFloatingPointBecomesF32) {
  EXPECT_TRUE(isConvertible(QUERN_BF16, QUERN_F32));
  EXPECT_TRUE(isConvertible(QUERN_I64, QUERN_I64));
  EXPECT_FALSE(isConvertible(QUERN_I32, QUERN_F32));
  EXPECT_FALSE(isConvertible(QUERN_F32, QUERN_F16));
  EXPECT_FALSE(isConvertible(QUERN_F32, QUERN_F64));
}

TEST(ConversionTest, SafetensorsNamesGoBothWays) {
  for (int number = QUERN_F32; number <= QUERN_BOOL; ++number) {
    const auto dtype = static_cast<quern_dtype>(number);
    EXPECT_EQ(dtypeFromSafetensors(safetensorsName(dtype)), dtype);
  }
  EXPECT_EQ(dtypeFromSafetensors("F8_E5M2"), std::nullopt);
}

} // namespace
} // namespace quern::frontend::weights::tests
