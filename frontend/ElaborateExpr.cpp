// Evaluates expressions, calls and operators aside.
#include "frontend/AstWalk.h"
#include "frontend/Elaborator.h"

namespace quern::frontend {

Value Elaborator::evaluate(const Expr *expr) {
  if (frame->isDone || !step(expr->range))
    return Value();
  auto sequence = [&](llvm::ArrayRef<Expr *> elements) {
    std::vector<Value> values;
    for (const Expr *element : elements)
      values.push_back(evaluate(element));
    return values;
  };
  switch (expr->kind) {
  case Expr::Kind::Integer:
    return Value::integer(llvm::cast<IntegerExpr>(expr)->value);
  case Expr::Kind::Float:
    return Value::number(llvm::cast<FloatExpr>(expr)->value);
  case Expr::Kind::Bool:
    return Value::boolean(llvm::cast<BoolExpr>(expr)->value);
  case Expr::Kind::None:
    return Value::none();
  case Expr::Kind::String: {
    auto text = evaluatePieces(llvm::cast<StringExpr>(expr)->pieces, expr->range);
    return text ? Value::string(std::move(*text)) : Value();
  }
  case Expr::Kind::Name:
    return evaluateName(*llvm::cast<NameExpr>(expr));
  case Expr::Kind::List:
    return Value::list(sequence(llvm::cast<ListExpr>(expr)->elements));
  case Expr::Kind::Tuple:
    return Value::tuple(sequence(llvm::cast<TupleExpr>(expr)->elements));
  case Expr::Kind::Unary: {
    const auto &op = *llvm::cast<UnaryExpr>(expr);
    return unary(op.op, evaluate(op.operand), op.range);
  }
  case Expr::Kind::Binary: {
    const auto &op = *llvm::cast<BinaryExpr>(expr);
    if (op.op == BinaryOp::And || op.op == BinaryOp::Or)
      return evaluateShortCircuit(op);
    Value left = evaluate(op.left);
    Value right = evaluate(op.right);
    return binary(op.op, left, right, op.range);
  }
  case Expr::Kind::Call:
    return evaluateCall(*llvm::cast<CallExpr>(expr), std::nullopt);
  case Expr::Kind::Index: {
    const auto &indexed = *llvm::cast<IndexExpr>(expr);
    return index(evaluate(indexed.base), indexed);
  }
  case Expr::Kind::Labelled:
    return evaluateLabelled(*llvm::cast<LabelledExpr>(expr));
  case Expr::Kind::Block:
    return evaluateBlock(llvm::cast<BlockExpr>(expr)->block, /*isValueUsed=*/true);
  case Expr::Kind::If:
    return evaluateIf(*llvm::cast<IfExpr>(expr), /*isValueUsed=*/true);
  case Expr::Kind::Lambda:
    return Value::function({llvm::cast<LambdaExpr>(expr)->callable, frame->file,
                            std::make_shared<const Captured>(frame->variables)});
  case Expr::Kind::Slice:
  case Expr::Kind::Ellipsis:
    error<diag::SliceOutsideIndex>(expr->range);
    return Value();
  }
  return Value();
}

Value Elaborator::evaluateAxes(const Expr *expr) {
  if (const auto *name = llvm::dyn_cast<NameExpr>(expr))
    if (isAxisName(name->name))
      return Value::axis(name->name);
  llvm::ArrayRef<Expr *> elements;
  if (const auto *list = llvm::dyn_cast<ListExpr>(expr))
    elements = list->elements;
  else if (const auto *tuple = llvm::dyn_cast<TupleExpr>(expr))
    elements = tuple->elements;
  else
    return evaluate(expr);
  std::vector<Value> values;
  for (const Expr *element : elements)
    values.push_back(evaluateAxes(element));
  return Value::list(std::move(values));
}

std::optional<std::string> Elaborator::evaluatePieces(llvm::ArrayRef<TextPiece> pieces,
                                                      SMRange range) {
  std::string text;
  for (const TextPiece &piece : pieces) {
    if (!piece.value) {
      text += piece.text;
      continue;
    }
    Value value = evaluate(piece.value);
    if (value.hasPoison())
      return std::nullopt;
    text += value.text();
  }
  if (static_cast<int64_t>(text.size()) > lengthLimit) {
    error<diag::TooLong>(range, "string", lengthLimit);
    return std::nullopt;
  }
  return text;
}

Value Elaborator::evaluateName(const NameExpr &expr) {
  if (auto found = frame->variables.find(expr.name); found != frame->variables.end())
    return found->second;
  if (const Definition *definition = program.find(*frame->file, expr.name)) {
    if (definition->constant)
      return evaluateConstant(*definition, expr.range);
    return Value::function({definition->callable, definition->file, nullptr});
  }
  if (mlir::Type type = elementTypeNamed(expr.name, *builder.getContext()))
    return Value::elementType(type);
  std::vector<StringRef> local;
  for (const auto &[name, value] : frame->variables)
    if (!value.isPoison())
      local.push_back(name);
  reportUnknown(expr, local);
  // Told once is enough.
  frame->variables[expr.name] = Value();
  return Value();
}

void Elaborator::reportUnknown(const NameExpr &expr, llvm::ArrayRef<StringRef> local) {
  std::vector<StringRef> known = program.visibleNames(*frame->file);
  llvm::append_range(known, local);
  known.insert(known.end(), {"true", "false", "none"});
  error<diag::UnknownName>(expr.range, expr.name, didYouMean(expr.name, known));
}

Value Elaborator::evaluateConstant(const Definition &definition, SMRange use) {
  ConstantState &state = constants[definition.constant];
  if (state.value)
    return *state.value;
  if (state.isBeingEvaluated) {
    error<diag::ConstantCycle>(definition.constant->name.range, definition.constant->name.text)
        .note<diag::UsedHere>(use, definition.constant->name.text);
    return Value();
  }
  state.isBeingEvaluated = true;
  Frame constantFrame;
  constantFrame.file = definition.file;
  bool outer = std::exchange(buildsGraph, false);
  Value value;
  {
    Enter enter(*this, constantFrame);
    value = evaluate(definition.constant->value);
  }
  buildsGraph = outer;
  ConstantState &after = constants[definition.constant];
  after.isBeingEvaluated = false;
  after.value = value;
  return value;
}

Value Elaborator::evaluateLabelled(const LabelledExpr &expr) {
  auto text = evaluatePieces(expr.label.pieces, expr.label.range);
  if (!text)
    return Value();
  // `a: b: call(...)` is `a.b: call(...)`.
  const Expr *operand = expr.operand;
  while (const auto *inner = llvm::dyn_cast<LabelledExpr>(operand)) {
    auto more = evaluatePieces(inner->label.pieces, inner->label.range);
    if (!more)
      return Value();
    *text += "." + *more;
    operand = inner->operand;
  }
  if (const auto *labelledCall = llvm::dyn_cast<CallExpr>(operand))
    return evaluateCall(*labelledCall, std::move(text));
  size_t length = labels.size();
  labels.append(labels.empty() ? "" : ".").append(*text);
  Value value = evaluateBlock(llvm::cast<BlockExpr>(operand)->block, /*isValueUsed=*/true);
  labels.resize(length);
  return value;
}

std::optional<bool> Elaborator::condition(const Expr *expr) {
  Value value = evaluate(expr);
  if (value.isBool())
    return value.asBool();
  if (value.isTensor())
    error<diag::TensorCondition>(expr->range, value.text())
        .note<diag::MadeHere>(value.asTensor().definition);
  else if (!value.isPoison())
    error<diag::NotACondition>(expr->range, value.describe());
  return std::nullopt;
}

Value Elaborator::evaluateIf(const IfExpr &expr, bool isValueUsed) {
  std::optional<bool> decided = condition(expr.condition);
  if (!decided) {
    skip(effectsOf(expr));
    return Value();
  }
  if (*decided)
    return evaluateBlock(expr.then, isValueUsed);
  if (!expr.otherwise)
    return Value::none();
  if (const auto *next = llvm::dyn_cast<IfExpr>(expr.otherwise))
    return evaluateIf(*next, isValueUsed);
  return evaluateBlock(llvm::cast<BlockExpr>(expr.otherwise)->block, isValueUsed);
}

Value Elaborator::evaluateShortCircuit(const BinaryExpr &expr) {
  Value left = evaluate(expr.left);
  // A compile-time value on the left decides; two tensors combine element by element.
  if (left.isBool() && left.asBool() == (expr.op == BinaryOp::Or))
    return left;
  Value right = evaluate(expr.right);
  if (left.isBool() && right.isBool())
    return right;
  return binary(expr.op, left, right, expr.range);
}

} // namespace quern::frontend
