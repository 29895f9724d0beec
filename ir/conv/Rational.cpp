#include "ir/conv/Rational.h"

#include <algorithm>
#include <stdexcept>

namespace quern::ir {

namespace {

using Integer = Rational::Integer;

Integer magnitude(Integer value) { return value < 0 ? -value : value; }

Integer gcd(Integer a, Integer b) {
  for (a = magnitude(a), b = magnitude(b); b != 0;) {
    Integer rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

Integer times(Integer a, Integer b) {
  Integer result = 0;
  if (__builtin_mul_overflow(a, b, &result))
    throw std::overflow_error("a fraction does not fit 128 bits");
  return result;
}

Integer plus(Integer a, Integer b) {
  Integer result = 0;
  if (__builtin_add_overflow(a, b, &result))
    throw std::overflow_error("a fraction does not fit 128 bits");
  return result;
}

std::string digits(Integer value) {
  std::string text;
  bool negative = value < 0;
  do {
    text += static_cast<char>('0' + static_cast<int>(magnitude(value % 10)));
    value /= 10;
  } while (value != 0);
  if (negative)
    text += '-';
  std::ranges::reverse(text);
  return text;
}

} // namespace

Rational Rational::reduced(Integer numerator, Integer denominator) {
  if (denominator == 0)
    throw std::domain_error("a fraction with denominator 0");
  Integer divisor = gcd(numerator, denominator);
  if (denominator < 0)
    divisor = -divisor;
  Rational result;
  result.top = numerator / divisor;
  result.bottom = denominator / divisor;
  return result;
}

Rational operator+(const Rational &a, const Rational &b) {
  // With the common part of the denominators taken out, intermediate results stay small.
  Integer common = gcd(a.bottom, b.bottom);
  Integer top = plus(times(a.top, b.bottom / common), times(b.top, a.bottom / common));
  return Rational::reduced(top, times(a.bottom, b.bottom / common));
}

Rational operator-(const Rational &a, const Rational &b) {
  Rational negated = b;
  negated.top = -negated.top;
  return a + negated;
}

Rational operator*(const Rational &a, const Rational &b) {
  Integer across = gcd(a.top, b.bottom), back = gcd(b.top, a.bottom);
  return Rational::reduced(times(a.top / across, b.top / back),
                           times(a.bottom / back, b.bottom / across));
}

Rational operator/(const Rational &a, const Rational &b) {
  return a * Rational::reduced(b.bottom, b.top);
}

std::strong_ordering Rational::operator<=>(const Rational &other) const {
  Integer difference = (*this - other).top;
  return difference <=> Integer(0);
}

bool Rational::isExactInFloat() const {
  Integer odd = magnitude(top);
  while (odd != 0 && odd % 2 == 0)
    odd /= 2;
  return (bottom & (bottom - 1)) == 0 && odd < (Integer(1) << 24) && bottom < (Integer(1) << 100);
}

std::string Rational::text() const {
  return bottom == 1 ? digits(top) : digits(top) + "/" + digits(bottom);
}

std::vector<double> RationalMatrix::toDoubles() const {
  std::vector<double> result;
  result.reserve(entries.size());
  for (const Rational &entry : entries)
    result.push_back(entry.toDouble());
  return result;
}

RationalMatrix operator*(const RationalMatrix &a, const RationalMatrix &b) {
  RationalMatrix result(a.rows(), b.columns());
  for (int64_t i = 0; i < a.rows(); ++i)
    for (int64_t k = 0; k < a.columns(); ++k) {
      if (a(i, k).isZero())
        continue;
      for (int64_t j = 0; j < b.columns(); ++j)
        if (!b(k, j).isZero())
          result(i, j) += a(i, k) * b(k, j);
    }
  return result;
}

RationalMatrix RationalMatrix::absolute() const {
  RationalMatrix result = *this;
  for (Rational &entry : result.entries)
    entry = std::max(entry, -entry);
  return result;
}

} // namespace quern::ir
