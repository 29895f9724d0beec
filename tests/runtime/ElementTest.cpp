#include "runtime/Element.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace quern::tests {
namespace {

using runtime::numberAt;
using runtime::putNumber;

uint16_t stored(quern_dtype dtype, double number) {
  std::byte place[2];
  putNumber(dtype, number, place);
  uint16_t bits;
  std::memcpy(&bits, place, sizeof bits);
  return bits;
}

double number(quern_dtype dtype, uint16_t bits) {
  std::byte place[2];
  std::memcpy(place, &bits, sizeof bits);
  return numberAt(dtype, place);
}

class ShortFloats : public testing::TestWithParam<quern_dtype> {};

INSTANTIATE_TEST_SUITE_P(Types, ShortFloats, testing::Values(QUERN_F16, QUERN_BF16),
                         [](const auto &info) { return info.param == QUERN_F16 ? "f16" : "bf16"; });

/// Each number of the type is itself; what lies between two is the nearer one, or the even one.
TEST_P(ShortFloats, AreRoundedToTheNearest) {
  quern_dtype type = GetParam();
  for (uint32_t bits = 0; bits < 1u << 15; ++bits) {
    auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits + 1);
    double value = number(type, low), next = number(type, high);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(number(type, stored(type, value)))) << bits;
      continue;
    }
    ASSERT_EQ(stored(type, value), low) << bits;
    ASSERT_EQ(stored(type, -value), low | 0x8000) << bits;
    if (!std::isfinite(next))
      continue;
    double middle = (value + next) / 2;
    ASSERT_EQ(stored(type, middle), bits % 2 ? high : low) << bits;
    ASSERT_EQ(stored(type, std::nextafter(middle, 0)), low) << bits;
    ASSERT_EQ(stored(type, std::nextafter(middle, HUGE_VAL)), high) << bits;
  }
}

/// Half a step behind the largest number, infinity is nearer.
TEST(Element, WhatIsTooLargeIsInfinite) {
  EXPECT_EQ(stored(QUERN_F16, 65519.99), 0x7bff);
  EXPECT_EQ(stored(QUERN_F16, 65520), 0x7c00);
  EXPECT_EQ(stored(QUERN_F16, -1e300), 0xfc00);
  EXPECT_EQ(stored(QUERN_BF16, 0x1.fefp127), 0x7f7f);
  EXPECT_EQ(stored(QUERN_BF16, 0x1.ffp127), 0x7f80);
}

TEST(Element, IntegersAreStoredAtTheirSizes) {
  for (quern_dtype type : {QUERN_I8, QUERN_I16, QUERN_I32, QUERN_I64, QUERN_U8, QUERN_U16,
                           QUERN_U32, QUERN_U64, QUERN_BOOL, QUERN_F32, QUERN_F64}) {
    std::byte place[9];
    std::memset(place, 0x55, sizeof place);
    size_t bytes = quern_dtype_bytes(type);
    putNumber(type, 1, place);
    EXPECT_EQ(numberAt(type, place), 1) << quern_dtype_name(type);
    EXPECT_EQ(place[bytes], std::byte{0x55}) << quern_dtype_name(type);
  }
}

TEST(Element, IndicesAreTruncated) {
  EXPECT_TRUE(runtime::isIndex(-0.5, 3));
  EXPECT_TRUE(runtime::isIndex(2.9, 3));
  EXPECT_FALSE(runtime::isIndex(-1, 3));
  EXPECT_FALSE(runtime::isIndex(3, 3));
  EXPECT_FALSE(runtime::isIndex(std::nan(""), 3));
}

} // namespace
} // namespace quern::tests
