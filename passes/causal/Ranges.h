// Bounds of numbers, as far as they are known, and what ops make of them element by element.
#pragma once

#include "ir/Quern.h"

#include "llvm/ADT/DenseMap.h"

namespace quern::passes {

/// What is known of a number, whatever the parameters and the inputs are: it is at least `low` and
/// at most `high`, which are levels: eighths of octaves, in the order of the numbers they stand
/// for. Zero and powers of two are levels; of other numbers a range has the levels around them. Of
/// truth values, true is one. A range from minus infinity to infinity may be no number; what is
/// computed of ordinary numbers is taken to be one.
struct Range {
  int32_t low = 0, high = 0;

  static Range of(double number);
  static Range anything();
  /// Of numbers that a kernel computes, rounding: a little more than from `low` to `high`.
  static Range computed(double low, double high);

  /// Both bounds in one number of at least zero, and back.
  int32_t packed() const;
  static Range unpacked(int32_t packed);

  double lowest() const;
  double highest() const;
  /// Whether it is one number: known.
  bool isPoint() const { return low == high; }
  bool isZero() const { return low == 0 && high == 0; }
  bool isAnything() const;
  /// Whether it lies within what inputs, parameters and what is computed of them are taken to be.
  bool isOrdinary() const;
  /// Whether what one of `other` is surely exceeds it by so much that beside it, in a softmax or
  /// where exponentials are added, it is zero in any type.
  bool vanishesBeside(Range other) const;

  bool operator==(const Range &) const = default;
};

/// From the least of both to the largest.
Range hull(Range a, Range b);

/// Inputs, parameters, and what is computed of them by sums of products: at most a million, either
/// way, and what the type holds.
Range ordinaryRange(mlir::Type element);

/// The range of a result of `op` that was computed as `range` of operands with these ranges. Of
/// ordinary numbers a model is taken to compute ordinary ones.
Range fitted(Range range, mlir::Type element, llvm::ArrayRef<Range> operands);

/// The range of a reduction of `count` numbers that lie in `each`, or of fewer where some of what
/// it reads is padding.
Range reducedRange(ir::ReduceKind kind, Range each, int64_t count, bool hasPadding);

/// The range of what an elementwise op gives.
Range resultRange(mlir::Operation *op, llvm::ArrayRef<Range> operands);

/// The same of up to three operands, packed, and computed once for each combination.
class ResultRanges {
public:
  explicit ResultRanges(mlir::Operation *op) : op(op) {}

  int32_t of(int32_t x, int32_t y, int32_t z);

private:
  mlir::Operation *op;
  std::tuple<int32_t, int32_t, int32_t> last{-1, -1, -1};
  int32_t lastResult = 0;
  llvm::DenseMap<std::tuple<int32_t, int32_t, int32_t>, int32_t> results;
};

} // namespace quern::passes
