// Values against declared types, and the symbols of shapes.
#include "frontend/Elaborator.h"

#include "llvm/ADT/StringExtras.h"

namespace quern::frontend {

/// A type or expression as it is written, on one line.
static std::string sourceText(SMRange range) {
  StringRef text(range.Start.getPointer(), range.End.getPointer() - range.Start.getPointer());
  std::string line;
  for (StringRef part : llvm::split(text, '\n'))
    line.append(line.empty() ? "" : " ").append(part.trim());
  return line;
}

bool Elaborator::accepts(const TypeExpr &type, const Value &value) const {
  switch (type.kind) {
  case TypeExpr::Kind::Tensor:
    return value.isTensor();
  case TypeExpr::Kind::List:
    return value.isSequence() && llvm::all_of(value.elements(), [&](const Value &element) {
             return accepts(*type.operands[0], element);
           });
  case TypeExpr::Kind::Union:
    return llvm::any_of(type.operands,
                        [&](const TypeExpr *option) { return accepts(*option, value); });
  case TypeExpr::Kind::Static:
    break;
  }
  return llvm::StringSwitch<bool>(type.name)
      .Case("int", value.isInteger())
      .Case("float", value.isNumber())
      .Case("bool", value.isBool())
      .Case("string", value.isString())
      .Case("list", value.isSequence())
      .Case("dtype", value.isElementType())
      .Case("axis", value.isAxis() || value.isInteger())
      .Case("module", value.isFunction())
      .Case("none", value.isNone())
      .Default(true);
}

std::optional<int64_t> Elaborator::resolveAxis(const Value &value, SMRange range,
                                               const Value::Tensor *axisTensor) {
  if (!axisTensor) {
    error<diag::AxisWithoutTensor>(range);
    return std::nullopt;
  }
  auto type = llvm::cast<mlir::RankedTensorType>(axisTensor->value.getType());
  int64_t rank = type.getRank();
  int64_t axis = -1;
  if (value.isInteger()) {
    axis = value.asInteger() < 0 ? value.asInteger() + rank : value.asInteger();
  } else {
    // N and C lead, W is last, H and D before it: as in N, C, D, H, W with the spatial axes there
    // are.
    StringRef name = value.asAxis();
    int64_t fromEnd = name == "W" ? 1 : name == "H" ? 2 : 3;
    axis = name == "N" ? 0 : name == "C" ? 1 : rank - fromEnd > 1 ? rank - fromEnd : -1;
  }
  if (axis < 0 || axis >= rank) {
    error<diag::AxisOutOfRange>(range, value.text(), typeText(type))
        .note<diag::MadeHere>(axisTensor->definition);
    return std::nullopt;
  }
  return axis;
}

bool Elaborator::convert(const TypeExpr &type, Value &value, SMRange range,
                         const Value::Tensor *axisTensor) {
  switch (type.kind) {
  case TypeExpr::Kind::Tensor:
    return true;
  case TypeExpr::Kind::Union:
    for (const TypeExpr *option : type.operands)
      if (accepts(*option, value))
        return convert(*option, value, range, axisTensor);
    return true;
  case TypeExpr::Kind::List: {
    std::vector<Value> elements = value.elements();
    for (Value &element : elements)
      if (!convert(*type.operands[0], element, range, axisTensor))
        return false;
    value = value.isTuple() ? Value::tuple(std::move(elements)) : Value::list(std::move(elements));
    return true;
  }
  case TypeExpr::Kind::Static:
    break;
  }
  if (type.name == "float") {
    value = Value::number(value.asNumber());
  } else if (type.name == "axis") {
    std::optional<int64_t> axis = resolveAxis(value, range, axisTensor);
    if (!axis)
      return false;
    value = Value::integer(*axis);
  }
  return true;
}

bool Elaborator::conform(Frame &callee, const TypeExpr &type, Value &value, SMRange range,
                         StringRef parameterName, const Value::Tensor *axisTensor) {
  const TypeExpr *chosen = &type;
  if (type.kind == TypeExpr::Kind::Union) {
    const auto *option =
        llvm::find_if(type.operands, [&](const TypeExpr *o) { return accepts(*o, value); });
    if (option != type.operands.end())
      chosen = *option;
  }
  if (!accepts(*chosen, value)) {
    auto report = error<diag::TypeMismatch>(range, parameterName, callee.callable->name.text,
                                            sourceText(type.range), value.describe());
    if (value.isTensor())
      report.note<diag::MadeHere>(value.asTensor().definition);
    if (!callee.file->isLibrary)
      report.note<diag::DeclaredHere>(type.range, parameterName);
    return false;
  }
  if (chosen->isTensor())
    return conformShape(callee, *chosen, value.asTensor(), range,
                        fmt::format("'{}' of '{}'", parameterName, callee.callable->name.text));
  return convert(*chosen, value, range, axisTensor);
}

std::optional<int64_t> Elaborator::dimensionSize(const Expr *expr) {
  Value value = evaluate(expr);
  if (value.isPoison())
    return std::nullopt;
  if (!value.isInteger()) {
    error<diag::SizeNotInteger>(expr->range, value.describe());
    return std::nullopt;
  }
  if (value.asInteger() < 1) {
    error<diag::SizeNotPositive>(expr->range, value.asInteger());
    return std::nullopt;
  }
  return value.asInteger();
}

bool Elaborator::conformShape(Frame &callee, const TypeExpr &type, const Value::Tensor &tensor,
                              SMRange range, const std::string &what) {
  auto actual = llvm::cast<mlir::RankedTensorType>(tensor.value.getType());
  std::string wanted = sourceText(type.range);
  if (type.name != "tensor" && type.name != elementTypeText(actual.getElementType())) {
    error<diag::ElementTypeMismatch>(range, what, wanted, typeText(actual), type.name)
        .note<diag::MadeHere>(tensor.definition);
    return false;
  }
  const auto *ellipsis =
      llvm::find_if(type.dimensions, [](const Dimension &d) { return d.isEllipsis(); });
  bool isOpen = ellipsis != type.dimensions.end();
  size_t named = type.dimensions.size() - (isOpen ? 1 : 0);
  size_t rank = actual.getRank();
  if (isOpen ? rank < named : rank != named) {
    error<diag::RankMismatch>(range, what, wanted, typeText(actual), rank)
        .note<diag::MadeHere>(tensor.definition);
    return false;
  }
  size_t before = ellipsis - type.dimensions.begin();
  for (auto [i, dimension] : llvm::enumerate(type.dimensions)) {
    if (dimension.isEllipsis())
      continue;
    size_t axis = i < before ? i : rank - (type.dimensions.size() - i);
    int64_t extent = actual.getDimSize(axis);
    const auto *name = llvm::dyn_cast<NameExpr>(dimension.size);
    if (name && name->name == "_")
      continue;
    const Definition *outer = name ? program.find(*callee.file, name->name) : nullptr;
    if (name && !callee.variables.contains(name->name) && !(outer && outer->constant)) {
      callee.variables[name->name] = Value::integer(extent);
      callee.symbols[name->name] = {what, range};
      continue;
    }
    std::optional<int64_t> size;
    {
      Enter enter(*this, callee);
      size = dimensionSize(dimension.size);
    }
    if (!size)
      return false;
    if (*size == extent)
      continue;
    auto origin = name ? callee.symbols.find(name->name) : callee.symbols.end();
    if (origin != callee.symbols.end()) {
      error<diag::SymbolMismatch>(range, name->name, extent, what, typeText(actual), *size,
                                  origin->second.what)
          .note<diag::SymbolOriginHere>(origin->second.range, name->name, *size)
          .note<diag::MadeHere>(tensor.definition);
      return false;
    }
    std::string written = sourceText(dimension.range), number = std::to_string(*size);
    error<diag::DimensionMismatch>(range, what, wanted, typeText(actual), extent,
                                   written == number ? number : written + " = " + number)
        .note<diag::MadeHere>(tensor.definition);
    return false;
  }
  return true;
}

bool Elaborator::checkResult(Frame &callee) {
  const Callable &callable = *callee.callable;
  if (callable.results.empty() || callee.result.hasPoison())
    return true;
  // The body is done; the sizes in the result's type are still to be evaluated.
  callee.isDone = false;
  SMRange range = callee.resultRange;
  std::vector<Value> values = {callee.result};
  // A result alone in parentheses, there for its name, may come bare.
  if (callable.returnsTuple && (callable.results.size() > 1 || callee.result.isSequence())) {
    if (!callee.result.isSequence() || callee.result.elements().size() != callable.results.size()) {
      error<diag::ResultCount>(range, callable.name.text, callable.results.size(),
                               callee.result.describe())
          .note<diag::DeclaredHere>(callable.name.range, callable.name.text);
      return false;
    }
    values = callee.result.elements();
  }
  for (auto [index, result] : llvm::enumerate(callable.results)) {
    Value &value = values[index];
    std::string what = callable.results.size() > 1
                           ? fmt::format("result {} of '{}'", index + 1, callable.name.text)
                           : fmt::format("the result of '{}'", callable.name.text);
    if (!accepts(*result.type, value)) {
      error<diag::ResultType>(range, what, sourceText(result.type->range), value.describe())
          .note<diag::DeclaredResult>(result.type->range);
      return false;
    }
    if (result.type->isTensor() &&
        !conformShape(callee, *result.type, value.asTensor(), range, what))
      return false;
  }
  return true;
}

} // namespace quern::frontend
