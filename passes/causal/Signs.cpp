#include "passes/causal/Signs.h"

#include "ir/Infer.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/TypeSwitch.h"

namespace quern::passes {
namespace {

/// Negative numbers before zero before positive ones.
int order(Sign sign) { return sign == isNegative ? -1 : sign == isPositive; }

Sign truth(bool is) { return is ? isPositive : isZero; }

Sign negated(Sign sign) {
  if (sign == isPositive)
    return isNegative;
  return sign == isNegative ? isPositive : sign;
}

/// Of functions that are zero at zero; that another number is not, no kernel promises.
Sign zeroAlone(Sign sign) { return sign == isZero ? isZero : isUnknown; }

/// Whether two numbers are known, and which of them is the larger.
bool areOrdered(Sign a, Sign b) {
  return a != isUnknown && b != isUnknown && (a != b || a == isZero);
}

Sign larger(Sign x, Sign y) {
  if (x == isUnknown || y == isUnknown)
    return isUnknown;
  return order(x) > order(y) ? x : y;
}

Sign smaller(Sign x, Sign y) { return negated(larger(negated(x), negated(y))); }

Sign sum(Sign x, Sign y) {
  if (x == isZero)
    return y;
  return y == isZero ? x : isUnknown;
}

Sign compared(ir::CmpPredicate predicate, Sign a, Sign b) {
  if (!areOrdered(a, b))
    return isUnknown;
  int difference = order(a) - order(b);
  switch (predicate) {
  case ir::CmpPredicate::eq:
    return truth(difference == 0);
  case ir::CmpPredicate::ne:
    return truth(difference != 0);
  case ir::CmpPredicate::lt:
    return truth(difference < 0);
  case ir::CmpPredicate::le:
    return truth(difference <= 0);
  case ir::CmpPredicate::gt:
    return truth(difference > 0);
  case ir::CmpPredicate::ge:
    return truth(difference >= 0);
  }
  llvm_unreachable("all predicates are named");
}

Sign unarySign(mlir::Operation *op, Sign x) {
  using namespace ir;
  return llvm::TypeSwitch<mlir::Operation *, Sign>(op)
      .Case([&](NegOp) { return negated(x); })
      .Case([&](AbsOp) { return x == isNegative ? isPositive : x; })
      .Case([&](ReluOp) { return x == isNegative ? isZero : x; })
      .Case([&](NotOp) { return x == isUnknown ? x : truth(x == isZero); })
      .Case<SqrtOp, TanhOp, ErfOp, SinOp, FloorOp, CeilOp, RoundOp, CastOp>(
          [&](auto) { return zeroAlone(x); })
      .Case<ExpOp, SigmoidOp, CosOp>([&](auto) { return x == isZero ? isPositive : isUnknown; })
      .Default([](mlir::Operation *) { return isUnknown; });
}

Sign binarySign(mlir::Operation *op, Sign x, Sign y) {
  using namespace ir;
  return llvm::TypeSwitch<mlir::Operation *, Sign>(op)
      .Case([&](AddOp) { return sum(x, y); })
      .Case([&](SubOp) { return sum(x, negated(y)); })
      .Case([&](MulOp) { return x == isZero ? x : zeroAlone(y); })
      // What zero is divided by does not count.
      .Case([&](DivOp) { return zeroAlone(x); })
      .Case([&](MaxOp) { return larger(x, y); })
      .Case([&](MinOp) { return smaller(x, y); })
      .Case([&](PowOp) { return y == isPositive ? zeroAlone(x) : isUnknown; })
      .Case([&](AndOp) { return x == isZero || y == isZero ? isZero : smaller(x, y); })
      .Case([&](OrOp) { return x == isPositive || y == isPositive ? isPositive : larger(x, y); })
      .Case([&](CmpOp cmp) { return compared(cmp.getPredicate(), x, y); })
      .Default([](mlir::Operation *) { return isUnknown; });
}

Sign selected(Sign condition, Sign onTrue, Sign onFalse) {
  if (condition == isUnknown)
    return onTrue == onFalse ? onTrue : isUnknown;
  return condition == isZero ? onFalse : onTrue;
}

Sign resultSign(mlir::Operation *op, Sign x, Sign y, Sign z) {
  if (llvm::isa<ir::SelectOp>(op))
    return selected(x, y, z);
  return op->getNumOperands() == 1 ? unarySign(op, x) : binarySign(op, x, y);
}

/// Integers wrap, those without a sign at zero.
bool wraps(mlir::Operation *op) {
  auto type = llvm::dyn_cast<mlir::IntegerType>(ir::tensorType(op->getResult(0)).getElementType());
  return type && type.getWidth() > 1;
}

} // namespace

Sign signOf(double number) {
  if (number == 0)
    return isZero;
  return number > 0 ? isPositive : number < 0 ? isNegative : isUnknown;
}

SignTable::SignTable(mlir::Operation *op) {
  assert(op->getNumOperands() <= mostOperands && "an elementwise op");
  bool keepsZerosAlone = wraps(op);
  for (auto [place, own] : llvm::enumerate(signs)) {
    auto operand = [place](unsigned number) { return Sign((place >> (2 * number)) & 3); };
    Sign sign = resultSign(op, operand(0), operand(1), operand(2));
    own = keepsZerosAlone ? zeroAlone(sign) : sign;
  }
}

bool SignTable::tells(int32_t unknown) const {
  return llvm::any_of(llvm::seq(static_cast<int32_t>(signs.size())),
                      [&](int32_t place) { return at(place | unknown) != isUnknown; });
}

} // namespace quern::passes
