// Exact fractions, for the matrices of bilinear algorithms: they are derived, and verified, without
// rounding.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace quern::ir {

/// A fraction of 128-bit integers in lowest terms, its denominator positive. Operations throw
/// std::overflow_error when a result does not fit, and std::domain_error on a division by zero.
class Rational {
public:
  __extension__ using Integer = __int128;

  constexpr Rational() = default;
  constexpr Rational(int64_t value) : top(value) {}
  Rational(int64_t numerator, int64_t denominator) { *this = reduced(numerator, denominator); }

  Rational operator-() const { return Rational(0) - *this; }
  friend Rational operator+(const Rational &a, const Rational &b);
  friend Rational operator-(const Rational &a, const Rational &b);
  friend Rational operator*(const Rational &a, const Rational &b);
  friend Rational operator/(const Rational &a, const Rational &b);
  Rational &operator+=(const Rational &other) { return *this = *this + other; }
  Rational &operator*=(const Rational &other) { return *this = *this * other; }
  bool operator==(const Rational &other) const = default;
  std::strong_ordering operator<=>(const Rational &other) const;

  bool isZero() const { return top == 0; }
  /// Whether a binary floating-point number of 24 bits holds it exactly.
  bool isExactInFloat() const;
  double toDouble() const { return static_cast<double>(top) / static_cast<double>(bottom); }
  /// "3", "-1/2".
  std::string text() const;

private:
  static Rational reduced(Integer numerator, Integer denominator);

  Integer top = 0, bottom = 1;
};

/// A dense matrix of fractions, row-major.
class RationalMatrix {
public:
  RationalMatrix() = default;
  RationalMatrix(int64_t rows, int64_t columns)
      : rowCount(rows), columnCount(columns), entries(static_cast<size_t>(rows * columns)) {}

  int64_t rows() const { return rowCount; }
  int64_t columns() const { return columnCount; }
  Rational &operator()(int64_t row, int64_t column) { return entries[index(row, column)]; }
  const Rational &operator()(int64_t row, int64_t column) const {
    return entries[index(row, column)];
  }
  bool operator==(const RationalMatrix &other) const = default;
  friend RationalMatrix operator*(const RationalMatrix &a, const RationalMatrix &b);
  /// The same without signs.
  RationalMatrix absolute() const;

  /// The entries, rounded to the nearest doubles, row-major.
  std::vector<double> toDoubles() const;

private:
  size_t index(int64_t row, int64_t column) const {
    return static_cast<size_t>(row * columnCount + column);
  }

  int64_t rowCount = 0, columnCount = 0;
  std::vector<Rational> entries;
};

} // namespace quern::ir
