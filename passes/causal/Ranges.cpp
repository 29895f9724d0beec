#include "passes/causal/Ranges.h"

#include "ir/Infer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

namespace quern::passes {
namespace {

constexpr int32_t perOctave = 8, levelOfOne = 1024 * perOctave, infiniteLevel = (1 << 14) - 1;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The level of a positive number, if it is a power of two, or as many eighths of an octave as
/// `toward` (-1 or 1) rounds to. A hair beyond, since logarithms are rounded.
int32_t levelOfPositive(double number, int toward) {
  if (std::isinf(number))
    return infiniteLevel;
  int exponent = 0;
  if (std::frexp(number, &exponent) == 0.5)
    return levelOfOne + (exponent - 1) * perOctave;
  double eighths = std::log2(number) * perOctave + toward * 1e-9;
  auto level =
      levelOfOne + static_cast<int32_t>(toward < 0 ? std::floor(eighths) : std::ceil(eighths));
  return toward < 0 ? std::clamp(level, 0, infiniteLevel - 1) : std::clamp(level, 1, infiniteLevel);
}

int32_t levelOf(double number, int toward) {
  if (number == 0)
    return 0;
  return number > 0 ? levelOfPositive(number, toward) : -levelOfPositive(-number, -toward);
}

double numberAt(int32_t level) {
  if (level == 0)
    return 0;
  int32_t size = std::abs(level);
  double number =
      size == infiniteLevel ? infinity : std::exp2((size - levelOfOne) / double(perOctave));
  return level > 0 ? number : -number;
}

Range boolean(bool canBeFalse, bool canBeTrue) {
  return {canBeFalse ? 0 : levelOfOne, canBeTrue ? levelOfOne : 0};
}

Range negated(Range x) { return {-x.high, -x.low}; }

/// Of a function that grows with its operand.
template <typename F> Range growing(Range x, F f) {
  return Range::computed(f(x.lowest()), f(x.highest()));
}

/// The part of `range` within the bounds; all of it where they exclude it.
Range within(Range range, Range bounds) {
  Range common{std::max(range.low, bounds.low), std::min(range.high, bounds.high)};
  return common.low <= common.high ? common : range;
}

/// Of a function that has the sign of its operand, and stays between -1 and 1.
Range signedFraction(Range x) {
  if (x.isZero())
    return x;
  return {x.low >= 0 ? 0 : -levelOfOne, x.high <= 0 ? 0 : levelOfOne};
}

Range sum(Range x, Range y) {
  if (x.isZero() || y.isZero())
    return x.isZero() ? y : x;
  return Range::computed(x.lowest() + y.lowest(), x.highest() + y.highest());
}

/// Of f(x, y) that grows or falls with either operand throughout.
template <typename F> Range atCorners(Range x, Range y, F f) {
  double corners[] = {f(x.lowest(), y.lowest()), f(x.lowest(), y.highest()),
                      f(x.highest(), y.lowest()), f(x.highest(), y.highest())};
  if (llvm::any_of(corners, [](double corner) { return std::isnan(corner); }))
    return Range::anything();
  return Range::computed(*llvm::min_element(corners), *llvm::max_element(corners));
}

bool mayBeInfinite(Range x) { return x.low == -infiniteLevel || x.high == infiniteLevel; }

Range product(Range x, Range y) {
  if ((x.isZero() && !mayBeInfinite(y)) || (y.isZero() && !mayBeInfinite(x)))
    return {};
  for (auto [factor, other] : {std::pair(x, y), std::pair(y, x)})
    if (factor == Range::of(1))
      return other;
  return atCorners(x, y, std::multiplies<>());
}

Range quotient(Range x, Range y) {
  // What zero is divided by does not count.
  if (x.isZero())
    return {};
  if (y.low > 0 || y.high < 0)
    return atCorners(x, y, std::divides<>());
  return x.low >= 0 && y.low >= 0 ? Range{0, infiniteLevel} : Range::anything();
}

Range power(Range x, Range y) {
  if (x.isZero() && y.low > 0)
    return {};
  return x.low >= 0 ? Range{0, infiniteLevel} : Range::anything();
}

Range compared(ir::CmpPredicate predicate, Range x, Range y) {
  bool canBeLess = x.low<y.high, canBeGreater = x.high> y.low;
  bool canBeEqual = x.low <= y.high && y.low <= x.high, canDiffer = !(x.isPoint() && x == y);
  switch (predicate) {
  case ir::CmpPredicate::eq:
    return boolean(canDiffer, canBeEqual);
  case ir::CmpPredicate::ne:
    return boolean(canBeEqual, canDiffer);
  case ir::CmpPredicate::lt:
    return boolean(canBeGreater || canBeEqual, canBeLess);
  case ir::CmpPredicate::le:
    return boolean(canBeGreater, canBeLess || canBeEqual);
  case ir::CmpPredicate::gt:
    return boolean(canBeLess || canBeEqual, canBeGreater);
  case ir::CmpPredicate::ge:
    return boolean(canBeLess, canBeGreater || canBeEqual);
  }
  llvm_unreachable("all predicates are named");
}

Range truncated(Range x) {
  return growing(x, [](double number) { return std::trunc(number); });
}

/// To whole numbers towards zero, to truth values by what is zero, to shorter floats rounding.
Range converted(Range x, mlir::Type from, mlir::Type to) {
  if (to.isInteger(1)) {
    bool canBeZero = x.low <= 0 && x.high >= 0;
    return boolean(canBeZero, !x.isZero());
  }
  if (from.isIntOrIndex() && to.isIntOrIndex())
    return x;
  if (to.isIntOrIndex())
    return truncated(x);
  bool isExact = x.isZero() || from.isInteger(1) ||
                 (mlir::isa<mlir::FloatType>(from) &&
                  from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth());
  return isExact ? x : Range::computed(x.lowest(), x.highest());
}

Range exponential(Range x) {
  if (x.vanishesBeside({}))
    return {};
  return growing(x, [](double number) { return std::exp(number); });
}

Range sigmoid(Range x) {
  if (x.vanishesBeside({}))
    return {};
  return within(growing(x, [](double number) { return 1 / (1 + std::exp(-number)); }),
                boolean(true, true));
}

Range magnitude(Range x) {
  if (x.low >= 0)
    return x;
  return x.high <= 0 ? negated(x) : Range{0, std::max(-x.low, x.high)};
}

Range unaryRange(mlir::Operation *op, Range x) {
  using namespace ir;
  return llvm::TypeSwitch<mlir::Operation *, Range>(op)
      .Case([&](NegOp) { return negated(x); })
      .Case([&](AbsOp) { return magnitude(x); })
      .Case([&](ReluOp) { return Range{std::max(x.low, 0), std::max(x.high, 0)}; })
      .Case([&](NotOp) { return boolean(x.high != 0, x.low == 0); })
      .Case([&](SqrtOp) { return Range::computed(0, std::sqrt(x.highest())); })
      .Case<TanhOp, ErfOp>([&](auto) { return signedFraction(x); })
      .Case([&](SinOp) { return x.isZero() ? x : Range::computed(-1, 1); })
      .Case([&](CosOp) { return Range::computed(x.isZero() ? 0.5 : -1, 1); })
      .Case([&](ExpOp) { return exponential(x); })
      .Case([&](SigmoidOp) { return sigmoid(x); })
      .Case<FloorOp, CeilOp, RoundOp>([&](auto) {
        return x.isZero() ? x : Range::computed(std::floor(x.lowest()), std::ceil(x.highest()));
      })
      .Case([&](CastOp cast) {
        return converted(x, tensorType(cast.getInput()).getElementType(), cast.getTo());
      })
      .Default([](mlir::Operation *) { return Range::anything(); });
}

Range binaryRange(mlir::Operation *op, Range x, Range y) {
  using namespace ir;
  return llvm::TypeSwitch<mlir::Operation *, Range>(op)
      .Case([&](AddOp) { return sum(x, y); })
      .Case([&](SubOp) { return sum(x, negated(y)); })
      .Case([&](MulOp) { return product(x, y); })
      .Case([&](DivOp div) {
        return tensorType(div.getResult()).getElementType().isInteger() ? truncated(quotient(x, y))
                                                                        : quotient(x, y);
      })
      .Case<MaxOp, OrOp>(
          [&](auto) { return Range{std::max(x.low, y.low), std::max(x.high, y.high)}; })
      .Case<MinOp, AndOp>(
          [&](auto) { return Range{std::min(x.low, y.low), std::min(x.high, y.high)}; })
      .Case([&](PowOp) { return power(x, y); })
      .Case([&](CmpOp cmp) { return compared(cmp.getPredicate(), x, y); })
      .Default([](mlir::Operation *) { return Range::anything(); });
}

Range selected(Range condition, Range onTrue, Range onFalse) {
  if (!condition.isPoint())
    return hull(onTrue, onFalse);
  return condition.isZero() ? onFalse : onTrue;
}

/// Of a sum of at least one and at most `count` numbers.
Range summed(Range each, int64_t count) {
  auto most = static_cast<double>(count);
  return Range::computed(each.low < 0 ? each.lowest() * most : each.lowest(),
                         each.high > 0 ? each.highest() * most : each.highest());
}

/// Integers wrap.
Range fittedInteger(Range range, mlir::Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  bool isSigned = width > 1 && !element.isUnsignedInteger();
  Range all{isSigned ? levelOf(-std::ldexp(1, width - 1), -1) : 0,
            width == 1 ? levelOfOne : levelOf(std::ldexp(1, isSigned ? width - 1 : width), 1)};
  if (width == 1)
    return within(range, all);
  // The level of the largest is that of one more, which wraps.
  return range.low >= all.low && range.high < all.high ? range : all;
}

/// Floats overflow to infinity, and what is less than all normal numbers may be taken for zero.
Range fittedFloat(Range range, mlir::FloatType element) {
  const llvm::fltSemantics &semantics = element.getFloatSemantics();
  auto bound = [](const llvm::APFloat &number, int toward) {
    return levelOf(number.convertToDouble(), toward);
  };
  int32_t largest = bound(llvm::APFloat::getLargest(semantics), 1);
  int32_t least = bound(llvm::APFloat::getSmallestNormalized(semantics), 1);
  for (int32_t *level : {&range.low, &range.high})
    if (std::abs(*level) > largest)
      *level = *level > 0 ? infiniteLevel : -infiniteLevel;
  if (range.low > 0 && range.low <= least)
    range.low = 0;
  if (range.high < 0 && range.high >= -least)
    range.high = 0;
  return range;
}

} // namespace

Range Range::of(double number) {
  return std::isnan(number) ? anything() : Range{levelOf(number, -1), levelOf(number, 1)};
}

Range Range::anything() { return {-infiniteLevel, infiniteLevel}; }

Range Range::computed(double low, double high) {
  if (std::isnan(low) || std::isnan(high))
    return anything();
  // More than numbers of 16 bits are rounded by.
  auto beyond = [](double number, int toward) {
    return levelOf(std::isinf(number) ? number : number + toward * std::abs(number) * 0x1p-7,
                   toward);
  };
  return {beyond(low, -1), beyond(high, 1)};
}

int32_t Range::packed() const { return (low + infiniteLevel) << 15 | (high + infiniteLevel); }

Range Range::unpacked(int32_t packed) {
  return {(packed >> 15) - infiniteLevel, (packed & ((1 << 15) - 1)) - infiniteLevel};
}

double Range::lowest() const { return numberAt(low); }
double Range::highest() const { return numberAt(high); }

bool Range::isAnything() const { return *this == anything(); }

bool Range::isOrdinary() const {
  constexpr double most = 1e6;
  static const Range ordinary{levelOf(-most, -1), levelOf(most, 1)};
  return low >= ordinary.low && high <= ordinary.high;
}

bool Range::vanishesBeside(Range other) const {
  // e^-1000 is less than half of the smallest double.
  constexpr double most = 1000;
  return highest() < other.lowest() - most;
}

Range hull(Range a, Range b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

Range ordinaryRange(mlir::Type element) {
  Range range{-Range::of(1e6).high, Range::of(1e6).high};
  if (element.isInteger())
    return within(range, fittedInteger(Range::anything(), element));
  double largest =
      llvm::APFloat::getLargest(llvm::cast<mlir::FloatType>(element).getFloatSemantics())
          .convertToDouble();
  return within(range, Range{-levelOf(largest, 1), levelOf(largest, 1)});
}

Range fitted(Range range, mlir::Type element, llvm::ArrayRef<Range> operands) {
  range = element.isInteger() ? fittedInteger(range, element)
                              : fittedFloat(range, llvm::cast<mlir::FloatType>(element));
  bool areOrdinary = llvm::all_of(operands, [](Range operand) { return operand.isOrdinary(); });
  return areOrdinary ? within(range, ordinaryRange(element)) : range;
}

Range resultRange(mlir::Operation *op, llvm::ArrayRef<Range> operands) {
  auto isAnything = [](Range operand) { return operand.isAnything(); };
  Range range = llvm::isa<ir::SelectOp>(op) ? selected(operands[0], operands[1], operands[2])
                : llvm::any_of(operands, isAnything) ? Range::anything()
                : operands.size() == 1               ? unaryRange(op, operands[0])
                                                     : binaryRange(op, operands[0], operands[1]);
  return fitted(range, ir::tensorType(op->getResult(0)).getElementType(), operands);
}

Range reducedRange(ir::ReduceKind kind, Range each, int64_t count, bool hasPadding) {
  switch (kind) {
  case ir::ReduceKind::sum:
    return summed(each, count);
  case ir::ReduceKind::mean: {
    Range range = hasPadding ? hull(each, {}) : each;
    return Range::computed(range.lowest(), range.highest());
  }
  case ir::ReduceKind::max:
  case ir::ReduceKind::min:
    return each;
  case ir::ReduceKind::prod:
    return each.isZero() ? each : Range::anything();
  }
  llvm_unreachable("all kinds are named");
}

int32_t ResultRanges::of(int32_t x, int32_t y, int32_t z) {
  std::tuple places(x, y, z);
  if (places == last)
    return lastResult;
  last = places;
  auto [entry, isNew] = results.try_emplace(places, 0);
  if (isNew) {
    Range operands[] = {Range::unpacked(x), Range::unpacked(y), Range::unpacked(z)};
    entry->second =
        resultRange(op, llvm::ArrayRef(operands).take_front(op->getNumOperands())).packed();
  }
  return lastResult = entry->second;
}

} // namespace quern::passes
