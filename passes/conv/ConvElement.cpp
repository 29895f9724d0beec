#include "passes/conv/ConvElement.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace quern::passes {
namespace {

constexpr std::array elements{ConvElement::f16, ConvElement::bf16, ConvElement::f32,
                              ConvElement::f64};

const llvm::fltSemantics &semanticsOf(ConvElement element) {
  switch (element) {
  case ConvElement::f16:
    return llvm::APFloat::IEEEhalf();
  case ConvElement::bf16:
    return llvm::APFloat::BFloat();
  case ConvElement::f32:
    return llvm::APFloat::IEEEsingle();
  case ConvElement::f64:
    break;
  }
  return llvm::APFloat::IEEEdouble();
}

} // namespace

llvm::StringRef text(ConvElement element) {
  constexpr std::array<llvm::StringLiteral, elements.size()> names{"f16", "bf16", "f32", "f64"};
  return names[static_cast<size_t>(element)];
}

std::optional<ConvElement> parseConvElement(llvm::StringRef name) {
  for (ConvElement element : elements)
    if (text(element) == name)
      return element;
  return std::nullopt;
}

std::string convElementNames() {
  std::string names;
  for (ConvElement element : elements)
    names += fmt::format("{}{}",
                         names.empty()                ? ""
                         : element == elements.back() ? " and "
                                                      : ", ",
                         text(element).str());
  return names;
}

mlir::Type typeOf(ConvElement element, mlir::MLIRContext *context) {
  switch (element) {
  case ConvElement::f16:
    return mlir::Float16Type::get(context);
  case ConvElement::bf16:
    return mlir::BFloat16Type::get(context);
  case ConvElement::f32:
    return mlir::Float32Type::get(context);
  case ConvElement::f64:
    break;
  }
  return mlir::Float64Type::get(context);
}

ConvElement convElementOf(mlir::Type type) {
  return *llvm::find_if(
      elements, [&](ConvElement element) { return typeOf(element, type.getContext()) == type; });
}

int64_t bytesOf(ConvElement element) {
  return static_cast<int64_t>(llvm::APFloat::getSizeInBits(semanticsOf(element)) / 8);
}

ConvElement computedElement(ConvElement element) {
  return element == ConvElement::f64 ? element : ConvElement::f32;
}

int64_t computedBytesOf(ConvElement element) { return bytesOf(computedElement(element)); }

double storedRoundoff(ConvElement element) {
  return std::ldexp(1.0,
                    -static_cast<int>(llvm::APFloat::semanticsPrecision(semanticsOf(element))));
}

double computedRoundoff(ConvElement element) { return storedRoundoff(computedElement(element)); }

double usualMaxError(ConvElement element) { return element == ConvElement::bf16 ? 1e-2 : 1e-3; }

double roundTo(ConvElement element, double value) {
  if (element == ConvElement::f64)
    return value;
  if (element == ConvElement::f32)
    return static_cast<double>(static_cast<float>(value));
  llvm::APFloat number(value);
  bool losesInformation = false;
  number.convert(semanticsOf(element), llvm::APFloat::rmNearestTiesToEven, &losesInformation);
  return number.convertToDouble();
}

} // namespace quern::passes
