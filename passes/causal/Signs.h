// Signs of numbers, as far as they are known, and what ops make of them element by element.
#pragma once

#include "ir/Quern.h"

#include <array>

namespace quern::passes {

/// What is known of a number, whatever the parameters and the inputs are. Of truth values,
/// `isPositive` is true.
enum Sign : int32_t { isZero, isPositive, isNegative, isUnknown };

Sign signOf(double number);

/// The sign of what an elementwise op gives, for all signs of its operands.
class SignTable {
public:
  explicit SignTable(mlir::Operation *op);

  /// What an operand of this sign adds to the place in the table.
  static int32_t placeOf(unsigned operand, Sign sign) { return sign << (2 * operand); }
  Sign at(int32_t place) const { return signs[place]; }

  /// Whether a result may be known where the operands are not whose unknown signs add up to the
  /// place `unknown`.
  bool tells(int32_t unknown) const;

private:
  static constexpr unsigned mostOperands = 3;

  std::array<Sign, 1 << (2 * mostOperands)> signs;
};

} // namespace quern::passes
