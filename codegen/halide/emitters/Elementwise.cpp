#include "codegen/halide/Emitter.h"
#include "codegen/halide/MathFunctions.h"
#include "ir/Infer.h"

namespace quern::codegen {
namespace {

using Halide::cast;
using Halide::Expr;
using Halide::select;

/// The index into a broadcast operand of the element that belongs to `index` of the result.
Index broadcastIndex(mlir::Value operand, const Index &index) {
  llvm::ArrayRef<int64_t> shape = ir::tensorType(operand).getShape();
  Index own(index.end() - static_cast<ptrdiff_t>(shape.size()), index.end());
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 1)
      own[i] = 0;
  return own;
}

template <typename Op, Expr (*function)(const Expr &)>
void emitUnary(Op op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    return function(builder.load(op.getInput(), broadcastIndex(op.getInput(), index)));
  });
}

template <typename Op>
Expr applied(Expr (*function)(const Expr &, const Expr &), Op op, const KernelBuilder &builder,
             const Index &index) {
  return function(builder.load(op.getLhs(), broadcastIndex(op.getLhs(), index)),
                  builder.load(op.getRhs(), broadcastIndex(op.getRhs(), index)));
}

template <typename Op, Expr (*function)(const Expr &, const Expr &)>
void emitBinary(Op op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) {
    return applied(function, op, builder, index);
  });
}

/// Whether `value` is computed in this kernel, element by element, from a constant beside which
/// what models compute is lost in rounding, as -1e9 of a mask.
bool hasLargeConstant(mlir::Value value) {
  constexpr double large = 1e6;
  llvm::SmallPtrSet<mlir::Operation *, 16> seen;
  llvm::SmallVector<mlir::Value> pending{value};
  while (!pending.empty()) {
    mlir::Operation *op = pending.pop_back_val().getDefiningOp();
    if (!op || !seen.insert(op).second)
      continue;
    if (auto constant = llvm::dyn_cast<ir::ConstantOp>(op)) {
      auto numbers = llvm::dyn_cast<mlir::DenseFPElementsAttr>(constant.getValue());
      if (numbers && numbers.isSplat() &&
          std::abs(numbers.getSplatValue<llvm::APFloat>().convertToDouble()) >= large)
        return true;
    }
    if (op->hasTrait<ir::Elementwise>() ||
        llvm::isa<ir::BroadcastOp, ir::ReshapeOp, ir::TransposeOp, ir::SliceOp, ir::ConcatOp,
                  ir::PadOp, ir::GatherOp>(op))
      llvm::append_range(pending, op->getOperands());
  }
  return false;
}

/// Sums and products, in the order in which they are written where a large constant is among what
/// they are of: (x - 1e9) + 1e9 m, for x - 1e9 (1 - m), is zero.
template <typename Op, Expr (*function)(const Expr &, const Expr &)>
void emitArithmetic(Op op, KernelBuilder &builder) {
  bool isOrdered = hasLargeConstant(op.getResult());
  builder.define(op.getResult(), [=, &builder](const Index &index) {
    Expr result = applied(function, op, builder, index);
    return isOrdered && result.type().is_float() ? Halide::strict_float(result) : result;
  });
}

Expr negOf(const Expr &x) { return -x; }
Expr absOf(const Expr &x) { return x.type().is_uint() ? x : cast(x.type(), Halide::abs(x)); }
/// The comparison is false for a NaN, which then stays.
Expr reluOf(const Expr &x) {
  Expr zero = Halide::Internal::make_zero(x.type());
  return x.type().is_float() ? select(Halide::strict_float(x < zero), zero, x)
                             : Halide::max(x, zero);
}
Expr notOf(const Expr &x) { return !x; }
Expr sqrtOf(const Expr &x) { return Halide::sqrt(x); }
Expr rsqrtOf(const Expr &x) { return cast(x.type(), 1.0F) / Halide::sqrt(x); }
Expr floorOf(const Expr &x) { return Halide::floor(x); }
Expr ceilOf(const Expr &x) { return Halide::ceil(x); }
Expr roundOf(const Expr &x) { return Halide::round(x); }

Expr addOf(const Expr &a, const Expr &b) { return a + b; }
Expr subOf(const Expr &a, const Expr &b) { return a - b; }
Expr mulOf(const Expr &a, const Expr &b) { return a * b; }
Expr andOf(const Expr &a, const Expr &b) { return a && b; }
Expr orOf(const Expr &a, const Expr &b) { return a || b; }

/// Integers round towards zero. Machines trap on division by zero and on lowest / -1: the first
/// gives 0, the second wraps.
Expr divOf(const Expr &a, const Expr &b) {
  if (a.type().is_float())
    return a / b;
  Expr zero = Halide::Internal::make_zero(a.type()), one = Halide::Internal::make_one(a.type());
  Expr safe = select(b == zero, one, b);
  if (a.type().is_int())
    safe = select(b == -one, one, safe);
  Expr quotient = Halide::div_round_to_zero(a, safe);
  if (a.type().is_int())
    quotient = select(b == -one, zero - a, quotient);
  return select(b == zero, zero, quotient);
}

/// Integers by squaring, in as many steps as an exponent that does not overflow has bits.
Expr powerOf(const Expr &a, const Expr &b) {
  if (a.type().is_float())
    return powOf(a, b);
  Expr power = Halide::Internal::make_one(a.type()), square = a;
  for (int bit = 0; bit < 6; ++bit) {
    power = select(((b >> bit) & 1) != 0, power * square, power);
    square = square * square;
  }
  return power;
}

/// NaN compares unequal and unordered. Halide turns a <= b into !(b < a), which a NaN would
/// satisfy.
Expr compare(ir::CmpPredicate predicate, const Expr &a, const Expr &b) {
  auto strict = [&](const Expr &condition) {
    return a.type().is_float() ? Halide::strict_float(condition) : condition;
  };
  switch (predicate) {
  case ir::CmpPredicate::eq:
    return strict(a == b);
  case ir::CmpPredicate::ne:
    return !strict(a == b);
  case ir::CmpPredicate::lt:
    return strict(a < b);
  case ir::CmpPredicate::le:
    return strict(a < b) || strict(a == b);
  case ir::CmpPredicate::gt:
    return strict(b < a);
  case ir::CmpPredicate::ge:
    return strict(b < a) || strict(a == b);
  }
  return a == b;
}

void emitCmp(ir::CmpOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    return compare(op.getPredicate(), builder.load(op.getLhs(), broadcastIndex(op.getLhs(), index)),
                   builder.load(op.getRhs(), broadcastIndex(op.getRhs(), index)));
  });
}

void emitSelect(ir::SelectOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    return select(builder.load(op.getCondition(), broadcastIndex(op.getCondition(), index)),
                  builder.load(op.getOnTrue(), broadcastIndex(op.getOnTrue(), index)),
                  builder.load(op.getOnFalse(), broadcastIndex(op.getOnFalse(), index)));
  });
}

void emitCast(ir::CastOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable -> Expr {
    Expr x = builder.load(op.getInput(), broadcastIndex(op.getInput(), index));
    Halide::Type to = halideType(op.getTo());
    if (to.is_bool())
      return x != Halide::Internal::make_zero(x.type());
    // Beyond a narrow type's range the machine's conversion is undefined; through a wide integer it
    // wraps.
    if (x.type().is_float() && !to.is_float() && to.bits() < 64)
      return cast(to, cast(Halide::Int(to.bits() < 32 ? 32 : 64), x));
    return cast(to, x);
  });
}

// NOLINTBEGIN(bugprone-macro-parentheses): types and function names
#define QUERN_UNARY(Op, function) const EmitterOf<ir::Op, emitUnary<ir::Op, function>> register##Op;
QUERN_UNARY(NegOp, negOf)
QUERN_UNARY(AbsOp, absOf)
QUERN_UNARY(ReluOp, reluOf)
QUERN_UNARY(NotOp, notOf)
QUERN_UNARY(ExpOp, expOf)
QUERN_UNARY(LogOp, logOf)
QUERN_UNARY(SqrtOp, sqrtOf)
QUERN_UNARY(RsqrtOp, rsqrtOf)
QUERN_UNARY(TanhOp, tanhOf)
QUERN_UNARY(SigmoidOp, sigmoidOf)
QUERN_UNARY(ErfOp, erfOf)
QUERN_UNARY(SinOp, sinOf)
QUERN_UNARY(CosOp, cosOf)
QUERN_UNARY(FloorOp, floorOf)
QUERN_UNARY(CeilOp, ceilOf)
QUERN_UNARY(RoundOp, roundOf)
#undef QUERN_UNARY

#define QUERN_BINARY(Op, function)                                                                 \
  const EmitterOf<ir::Op, emitBinary<ir::Op, function>> register##Op;
const EmitterOf<ir::AddOp, emitArithmetic<ir::AddOp, addOf>> registerAdd;
const EmitterOf<ir::SubOp, emitArithmetic<ir::SubOp, subOf>> registerSub;
const EmitterOf<ir::MulOp, emitArithmetic<ir::MulOp, mulOf>> registerMul;
QUERN_BINARY(DivOp, divOf)
QUERN_BINARY(MaxOp, maxOf)
QUERN_BINARY(MinOp, minOf)
QUERN_BINARY(PowOp, powerOf)
QUERN_BINARY(AndOp, andOf)
QUERN_BINARY(OrOp, orOf)
#undef QUERN_BINARY
// NOLINTEND(bugprone-macro-parentheses)

const EmitterOf<ir::CmpOp, emitCmp> registerCmp;
const EmitterOf<ir::SelectOp, emitSelect> registerSelect;
const EmitterOf<ir::CastOp, emitCast> registerCast;

} // namespace
} // namespace quern::codegen
