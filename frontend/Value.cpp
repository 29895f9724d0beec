#include "frontend/Value.h"

#include "frontend/Diagnostics.h"

#include "mlir/IR/Builders.h"

namespace quern::frontend {

Value Value::integers(llvm::ArrayRef<int64_t> values) {
  std::vector<Value> elements;
  for (int64_t value : values)
    elements.push_back(integer(value));
  return list(std::move(elements));
}

bool Value::hasPoison() const {
  return isPoison() || (isSequence() && llvm::any_of(elements(), [](const Value &element) {
                          return element.hasPoison();
                        }));
}

const Value::Tensor *Value::firstTensor() const {
  if (isTensor())
    return &asTensor();
  if (isSequence())
    for (const Value &element : elements())
      if (const Tensor *tensor = element.firstTensor())
        return tensor;
  return nullptr;
}

std::string Value::describe() const {
  if (isNone())
    return "none";
  if (isInteger())
    return fmt::format("the integer {}", text());
  if (isFloat())
    return fmt::format("the number {}", text());
  if (isBool() || isElementType())
    return fmt::format("'{}'", text());
  if (isString())
    return "a string";
  if (isSequence())
    return fmt::format("a {} of {}", isTuple() ? "tuple" : "list", elements().size());
  if (isAxis())
    return fmt::format("the axis {}", asAxis());
  if (isFunction())
    return fmt::format("the module '{}'", text());
  if (isTensor())
    return text();
  return "an invalid value";
}

std::string Value::text() const {
  if (isNone())
    return "none";
  if (isInteger())
    return fmt::format("{}", asInteger());
  if (isFloat())
    return fmt::format("{}", asNumber());
  if (isBool())
    return asBool() ? "true" : "false";
  if (isString())
    return asString();
  if (isElementType())
    return elementTypeText(asElementType()).str();
  if (isAxis())
    return asAxis().str();
  if (isFunction())
    return asFunction().callable->name.text.str();
  if (isTensor())
    return typeText(tensorType());
  if (!isSequence())
    return "?";
  // A message shows a long list by its beginning.
  constexpr size_t shown = 16;
  std::string inside;
  for (auto [index, element] : llvm::enumerate(elements())) {
    inside += index ? ", " : "";
    if (index == shown) {
      inside += "...";
      break;
    }
    inside += element.text();
  }
  if (isTuple())
    return elements().size() == 1 ? "(" + inside + ",)" : "(" + inside + ")";
  return "[" + inside + "]";
}

bool equal(const Value &a, const Value &b) {
  if (a.isNumber() && b.isNumber())
    return a.isInteger() && b.isInteger() ? a.asInteger() == b.asInteger()
                                          : a.asNumber() == b.asNumber();
  if (a.isBool() && b.isBool())
    return a.asBool() == b.asBool();
  if (a.isString() && b.isString())
    return a.asString() == b.asString();
  if (a.isElementType() && b.isElementType())
    return a.asElementType() == b.asElementType();
  if (a.isAxis() && b.isAxis())
    return a.asAxis() == b.asAxis();
  if (a.isFunction() && b.isFunction())
    return a.asFunction().callable == b.asFunction().callable &&
           a.asFunction().captured == b.asFunction().captured;
  if (a.isTensor() && b.isTensor())
    return a.asTensor().value == b.asTensor().value;
  if (a.isSequence() && b.isSequence())
    return std::equal(a.elements().begin(), a.elements().end(), b.elements().begin(),
                      b.elements().end(), equal);
  return a.isNone() && b.isNone();
}

std::string typeText(mlir::RankedTensorType type) {
  std::string text = elementTypeText(type.getElementType()).str() + "[";
  for (auto [index, extent] : llvm::enumerate(type.getShape()))
    text.append(index ? ", " : "").append(std::to_string(extent));
  return text + "]";
}

bool isAxisName(StringRef name) { return name.size() == 1 && StringRef("NCDHW").contains(name); }

StringRef elementTypeText(mlir::Type type) {
  if (type.isF16())
    return "f16";
  if (type.isBF16())
    return "bf16";
  if (type.isF32())
    return "f32";
  if (type.isF64())
    return "f64";
  if (type.isUnsignedInteger(8))
    return "u8";
  if (type.isInteger(1))
    return "bool";
  if (type.isInteger(8))
    return "i8";
  if (type.isInteger(16))
    return "i16";
  if (type.isInteger(32))
    return "i32";
  return "i64";
}

mlir::Type elementTypeNamed(StringRef name, mlir::MLIRContext &context) {
  mlir::Builder builder(&context);
  return llvm::StringSwitch<mlir::Type>(name)
      .Case("f16", builder.getF16Type())
      .Case("bf16", builder.getBF16Type())
      .Case("f32", builder.getF32Type())
      .Case("f64", builder.getF64Type())
      .Case("bool", builder.getI1Type())
      .Case("i8", builder.getIntegerType(8))
      .Case("i16", builder.getIntegerType(16))
      .Case("i32", builder.getIntegerType(32))
      .Case("i64", builder.getIntegerType(64))
      .Case("u8", builder.getIntegerType(8, /*isSigned=*/false))
      .Default(nullptr);
}

} // namespace quern::frontend
