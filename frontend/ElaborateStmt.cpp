// Runs statements.
#include "frontend/AstWalk.h"
#include "frontend/Elaborator.h"

namespace quern::frontend {

Value Elaborator::evaluateBlock(const Block &block, bool isValueUsed) {
  for (auto [index, stmt] : llvm::enumerate(block.statements)) {
    if (frame->isDone || diagnostics.isFull())
      return Value();
    const auto *expression = llvm::dyn_cast<ExprStmt>(stmt);
    bool isLast = index + 1 == block.statements.size();
    if (isValueUsed && isLast && expression)
      return evaluate(expression->value);
    if (expression && llvm::isa<IfExpr>(expression->value))
      evaluateIf(*llvm::cast<IfExpr>(expression->value), /*isValueUsed=*/false);
    else
      execute(stmt);
  }
  return Value::none();
}

void Elaborator::execute(const Stmt *stmt) {
  if (!step(stmt->range)) {
    frame->isDone = true;
    return;
  }
  switch (stmt->kind) {
  case Stmt::Kind::Assign: {
    const auto &assignment = *llvm::cast<AssignStmt>(stmt);
    Value value = evaluate(assignment.value);
    if (value.isNone() && llvm::isa<LabelledExpr, IfExpr>(assignment.value)) {
      error<diag::BlockWithoutValue>(assignment.value->range);
      value = Value();
    }
    assign(assignment.target, value, assignment.value->range);
    return;
  }
  case Stmt::Kind::Expression: {
    const Expr *expr = llvm::cast<ExprStmt>(stmt)->value;
    Value value = evaluate(expr);
    if (value.isTensor() && !frame->isDone)
      diagnostics.report<diag::UnusedResult>(expr->range, value.text());
    return;
  }
  case Stmt::Kind::Return: {
    const auto &returned = *llvm::cast<ReturnStmt>(stmt);
    Value value = returned.value ? evaluate(returned.value) : Value::none();
    if (!frame->isDone) {
      frame->result = std::move(value);
      frame->resultRange = returned.value ? returned.value->range : returned.range;
      frame->isDone = true;
    }
    return;
  }
  case Stmt::Kind::For:
    return executeFor(*llvm::cast<ForStmt>(stmt));
  case Stmt::Kind::Require:
    return executeRequire(*llvm::cast<RequireStmt>(stmt));
  }
}

void Elaborator::executeFor(const ForStmt &stmt) {
  Value sequence = evaluate(stmt.sequence);
  if (!sequence.isSequence()) {
    if (!sequence.isPoison())
      error<diag::NotASequence>(stmt.sequence->range, sequence.describe());
    return skip(effectsOf(stmt));
  }
  for (auto [index, element] : llvm::enumerate(sequence.elements())) {
    if (!step(stmt.range))
      frame->isDone = true;
    if (frame->isDone)
      return;
    if (!stmt.index.text.empty())
      frame->variables[stmt.index.text] = Value::integer(static_cast<int64_t>(index));
    assign(stmt.element, element, stmt.sequence->range);
    evaluateBlock(stmt.body, /*isValueUsed=*/false);
  }
}

void Elaborator::executeRequire(const RequireStmt &stmt) {
  std::optional<bool> holds = condition(stmt.condition);
  if (holds && *holds)
    return;
  if (holds) {
    Value message = evaluate(stmt.message);
    if (message.isString())
      callerError<diag::RequirementFailed>(stmt.condition->range, message.asString());
    else if (!message.isPoison())
      error<diag::MessageNotString>(stmt.message->range, message.describe());
  }
  frame->isDone = true;
}

void Elaborator::skip(const Effects &effects) {
  for (StringRef name : effects.assigned)
    frame->variables[name] = Value();
  frame->isDone |= effects.returns;
}

void Elaborator::poison(const Pattern &pattern) {
  if (pattern.isName())
    frame->variables[pattern.name] = Value();
  for (const Pattern &element : pattern.elements)
    poison(element);
}

void Elaborator::assign(const Pattern &pattern, const Value &value, SMRange valueRange) {
  if (pattern.isName()) {
    if (pattern.name != "_")
      frame->variables[pattern.name] = value;
    return;
  }
  if (!value.isSequence()) {
    if (!value.isPoison())
      error<diag::NotDestructurable>(valueRange, pattern.elements.size(), value.describe())
          .note<diag::IntoThese>(pattern.range);
    return poison(pattern);
  }
  if (value.elements().size() != pattern.elements.size()) {
    error<diag::DestructureCount>(valueRange, pattern.elements.size(), value.elements().size())
        .note<diag::IntoThese>(pattern.range);
    return poison(pattern);
  }
  for (auto [element, part] : llvm::zip(pattern.elements, value.elements()))
    assign(element, part, valueRange);
}

} // namespace quern::frontend
