#include "frontend/Validate.h"

namespace quern::frontend {

static void validateType(const TypeExpr &type, const Callable &callable, Diagnostics &diagnostics) {
  for (const TypeExpr *operand : type.operands)
    validateType(*operand, callable, diagnostics);
  if (callable.kind != Callable::Kind::Model)
    for (const Dimension &dimension : type.dimensions)
      if (dimension.defaultSize)
        diagnostics.report<diag::DefaultSizeInModule>(dimension.range);
}

static void validateCallable(const Callable &callable, Diagnostics &diagnostics) {
  bool isModel = callable.kind == Callable::Kind::Model;
  for (const Parameter &parameter : callable.parameters) {
    const auto *first = llvm::find_if(callable.parameters, [&](const Parameter &other) {
      return other.name.text == parameter.name.text;
    });
    if (first != &parameter) {
      diagnostics.report<diag::DuplicateParameter>(parameter.name.range, parameter.name.text);
      diagnostics.report<diag::FirstHere>(first->name.range);
    }
    if (parameter.adapter && !isModel)
      diagnostics.report<diag::AdapterOnModule>(parameter.adapter->range, callable.name.text);
    if (isModel && parameter.type->isTensor() && parameter.defaultValue)
      diagnostics.report<diag::TensorDefault>(parameter.defaultValue->range);
    validateType(*parameter.type, callable, diagnostics);
  }
  for (const Result &result : callable.results) {
    if (result.adapter && !isModel)
      diagnostics.report<diag::AdapterOnModule>(result.adapter->range, callable.name.text);
    validateType(*result.type, callable, diagnostics);
  }
  if (callable.contract && !isModel)
    diagnostics.report<diag::ContractOnModule>(callable.contract->range, callable.name.text);
}

void validate(const SourceFile &file, Diagnostics &diagnostics) {
  for (const Callable *callable : file.callables) {
    if (callable->kind == Callable::Kind::Primitive && !file.isLibrary)
      diagnostics.report<diag::PrimitiveInUserFile>(callable->name.range);
    validateCallable(*callable, diagnostics);
  }
  for (const Callable *lambda : file.lambdas)
    validateCallable(*lambda, diagnostics);
}

} // namespace quern::frontend
