// Functions and choices, element by element.
#include "frontend/Primitives.h"

#include <cmath>

namespace quern::frontend {

/// A function of one tensor; of a number, it is computed right away.
template <typename Op, double (*onNumber)(double)>
static Value function(const PrimitiveCall &call) {
  if (call.value(0).isTensor())
    return call.emit<Op>(call.tensor(0));
  double result = onNumber(call.value(0).asNumber());
  if (!std::isfinite(result))
    return call.fail<diag::NotFinite>(0);
  return Value::number(result);
}

static double roundToEven(double x) { return std::nearbyint(x); }
static double reciprocalRoot(double x) { return 1 / std::sqrt(x); }
static double logistic(double x) { return 1 / (1 + std::exp(-x)); }
static double absolute(double x) { return std::fabs(x); }
static double floorOf(double x) { return std::floor(x); }
static double ceilOf(double x) { return std::ceil(x); }
static double cosOf(double x) { return std::cos(x); }
static double sinOf(double x) { return std::sin(x); }
static double erfOf(double x) { return std::erf(x); }
static double expOf(double x) { return std::exp(x); }
static double logOf(double x) { return std::log(x); }
static double sqrtOf(double x) { return std::sqrt(x); }
static double tanhOf(double x) { return std::tanh(x); }

/// The scalar or tensor argument `i` as a tensor of `element`; null after an error.
static mlir::Value asTensor(const PrimitiveCall &call, unsigned i, mlir::Type element) {
  if (call.value(i).isTensor())
    return call.tensor(i);
  Value scalar = call.elaborator.scalar(call.value(i), element, call.rangeOf(i));
  return scalar.isPoison() ? mlir::Value() : scalar.asTensor().value;
}

template <typename Op, bool isMax> static Value extremum(const PrimitiveCall &call) {
  const Value &a = call.value(0), &b = call.value(1);
  auto isBetter = [](const Value &x, const Value &y) {
    return isMax ? x.asNumber() > y.asNumber() : x.asNumber() < y.asNumber();
  };
  if (a.isSequence()) {
    if (!b.isNone() || a.elements().empty())
      return call.fail<diag::ExtremumOperands>(0, call.callable.name.text);
    Value best = a.elements().front();
    for (const Value &element : a.elements())
      best = isBetter(element, best) ? element : best;
    return best;
  }
  if (b.isNone())
    return call.fail<diag::ExtremumOperands>(0, call.callable.name.text);
  if (!a.isTensor() && !b.isTensor())
    return isBetter(b, a) ? b : a;
  mlir::Type element = (a.isTensor() ? a : b).tensorType().getElementType();
  mlir::Value left = asTensor(call, 0, element), right = asTensor(call, 1, element);
  return left && right ? call.emit<Op>(left, right) : Value();
}

static Value select(const PrimitiveCall &call) {
  const Value &yes = call.value(1), &no = call.value(2);
  mlir::Type element;
  if (yes.isTensor() || no.isTensor())
    element = (yes.isTensor() ? yes : no).tensorType().getElementType();
  else if (yes.isBool())
    element = call.elaborator.builder.getI1Type();
  else
    element = call.elaborator.builder.getF32Type();
  mlir::Value left = asTensor(call, 1, element), right = asTensor(call, 2, element);
  return left && right ? call.emit<ir::SelectOp>(call.tensor(0), left, right) : Value();
}

static Value cast(const PrimitiveCall &call) {
  mlir::Type to = call.value(1).asElementType();
  if (call.type(0).getElementType() == to)
    return call.value(0);
  return call.emit<ir::CastOp>(call.tensor(0), mlir::TypeAttr::get(to));
}

static constexpr Primitive rows[] = {
    {"abs", function<ir::AbsOp, absolute>},
    {"cast", cast},
    {"ceil", function<ir::CeilOp, ceilOf>},
    {"cos", function<ir::CosOp, cosOf>},
    {"erf", function<ir::ErfOp, erfOf>},
    {"exp", function<ir::ExpOp, expOf>},
    {"floor", function<ir::FloorOp, floorOf>},
    {"log", function<ir::LogOp, logOf>},
    {"max", extremum<ir::MaxOp, true>},
    {"min", extremum<ir::MinOp, false>},
    {"relu", [](const PrimitiveCall &call) { return call.emit<ir::ReluOp>(call.tensor(0)); }},
    {"round", function<ir::RoundOp, roundToEven>},
    {"rsqrt", function<ir::RsqrtOp, reciprocalRoot>},
    {"select", select},
    {"sigmoid", function<ir::SigmoidOp, logistic>},
    {"sin", function<ir::SinOp, sinOf>},
    {"sqrt", function<ir::SqrtOp, sqrtOf>},
    {"tanh", function<ir::TanhOp, tanhOf>},
};

llvm::ArrayRef<Primitive> elementwisePrimitives() { return rows; }

} // namespace quern::frontend
