// Functions of compile-time values.
#include "frontend/Primitives.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace quern::frontend {

static Value shape(const PrimitiveCall &call) { return Value::integers(call.type(0).getShape()); }
static Value rank(const PrimitiveCall &call) { return Value::integer(call.type(0).getRank()); }
static Value elementType(const PrimitiveCall &call) {
  return Value::elementType(call.type(0).getElementType());
}

static Value len(const PrimitiveCall &call) {
  const Value &value = call.value(0);
  return Value::integer(
      static_cast<int64_t>(value.isString() ? value.asString().size() : value.elements().size()));
}

static Value repeat(const PrimitiveCall &call) {
  int64_t count = call.integer(1);
  if (count < 0 || count > Elaborator::lengthLimit)
    return call.fail<diag::TooLong>(1, "list", Elaborator::lengthLimit);
  return Value::list(std::vector<Value>(count, call.value(0)));
}

template <bool up> static Value roundedDivision(const PrimitiveCall &call) {
  int64_t a = call.integer(0), b = call.integer(1);
  if (b == 0)
    return call.fail<diag::DivisionByZero>(1);
  if (b == -1) {
    int64_t negated = 0;
    if (llvm::SubOverflow(int64_t(0), a, negated))
      return call.fail<diag::IntegerOverflow>(0);
    return Value::integer(negated);
  }
  int64_t quotient = a / b;
  if (a % b != 0 && ((a < 0) == (b < 0)) == up)
    quotient += up ? 1 : -1;
  return Value::integer(quotient);
}

static Value toInteger(const PrimitiveCall &call) {
  double whole = std::trunc(call.value(0).asNumber());
  if (std::fabs(whole) >= 9.2e18)
    return call.fail<diag::IntegerOverflow>(0);
  return Value::integer(static_cast<int64_t>(whole));
}

/// `photo`, `labels` and their like stand around a model's signature; a model calls them nowhere.
static Value adapter(const PrimitiveCall &call) {
  call.elaborator.error<diag::AdapterCalled>(call.range, call.callable.name.text);
  return Value();
}

static constexpr Primitive rows[] = {
    {"bernoulli", adapter},
    {"categorical", adapter},
    {"ceil_div", roundedDivision<true>},
    {"element_type", elementType},
    {"float", [](const PrimitiveCall &call) { return call.value(0); }},
    {"floor_div", roundedDivision<false>},
    {"gaussian_mixture", adapter},
    {"int", toInteger},
    {"is_list",
     [](const PrimitiveCall &call) { return Value::boolean(call.value(0).isSequence()); }},
    {"is_string",
     [](const PrimitiveCall &call) { return Value::boolean(call.value(0).isString()); }},
    {"is_tensor",
     [](const PrimitiveCall &call) { return Value::boolean(call.value(0).isTensor()); }},
    {"labels", adapter},
    {"len", len},
    {"logistic_mixture", adapter},
    {"photo", adapter},
    {"rank", rank},
    {"repeat", repeat},
    {"shape", shape},
    {"text", adapter},
};

llvm::ArrayRef<Primitive> staticPrimitives() { return rows; }

} // namespace quern::frontend
