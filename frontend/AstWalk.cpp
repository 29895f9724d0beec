#include "frontend/AstWalk.h"

namespace quern::frontend {

static void visitPieces(llvm::ArrayRef<TextPiece> pieces, ChildVisitor visitor) {
  for (const TextPiece &piece : pieces)
    if (piece.value)
      visitor.onExpr(*piece.value);
}

static void visitAll(llvm::ArrayRef<Expr *> expressions, ChildVisitor visitor) {
  for (const Expr *expr : expressions)
    if (expr)
      visitor.onExpr(*expr);
}

void visitChildren(const Expr &expr, ChildVisitor visitor) {
  switch (expr.kind) {
  case Expr::Kind::Integer:
  case Expr::Kind::Float:
  case Expr::Kind::Bool:
  case Expr::Kind::None:
  case Expr::Kind::Name:
  case Expr::Kind::Lambda:
  case Expr::Kind::Ellipsis:
    return;
  case Expr::Kind::String:
    return visitPieces(llvm::cast<StringExpr>(expr).pieces, visitor);
  case Expr::Kind::List:
    return visitAll(llvm::cast<ListExpr>(expr).elements, visitor);
  case Expr::Kind::Tuple:
    return visitAll(llvm::cast<TupleExpr>(expr).elements, visitor);
  case Expr::Kind::Unary:
    return visitor.onExpr(*llvm::cast<UnaryExpr>(expr).operand);
  case Expr::Kind::Binary: {
    const auto &binary = llvm::cast<BinaryExpr>(expr);
    return visitAll({binary.left, binary.right}, visitor);
  }
  case Expr::Kind::Call: {
    const auto &call = llvm::cast<CallExpr>(expr);
    visitor.onExpr(*call.callee);
    for (const Argument &argument : call.arguments)
      visitor.onExpr(*argument.value);
    return;
  }
  case Expr::Kind::Index: {
    const auto &index = llvm::cast<IndexExpr>(expr);
    visitor.onExpr(*index.base);
    return visitAll(index.indices, visitor);
  }
  case Expr::Kind::Labelled: {
    const auto &labelled = llvm::cast<LabelledExpr>(expr);
    visitPieces(labelled.label.pieces, visitor);
    return visitor.onExpr(*labelled.operand);
  }
  case Expr::Kind::Block:
    return visitor.onBlock(llvm::cast<BlockExpr>(expr).block);
  case Expr::Kind::If: {
    const auto &choice = llvm::cast<IfExpr>(expr);
    visitor.onExpr(*choice.condition);
    visitor.onBlock(choice.then);
    return visitAll({choice.otherwise}, visitor);
  }
  case Expr::Kind::Slice: {
    const auto &slice = llvm::cast<SliceExpr>(expr);
    return visitAll({slice.low, slice.high}, visitor);
  }
  }
}

void visitChildren(const Stmt &stmt, ChildVisitor visitor) {
  switch (stmt.kind) {
  case Stmt::Kind::Assign:
    return visitor.onExpr(*llvm::cast<AssignStmt>(stmt).value);
  case Stmt::Kind::Expression:
    return visitor.onExpr(*llvm::cast<ExprStmt>(stmt).value);
  case Stmt::Kind::Return:
    return visitAll({llvm::cast<ReturnStmt>(stmt).value}, visitor);
  case Stmt::Kind::For: {
    const auto &loop = llvm::cast<ForStmt>(stmt);
    visitor.onExpr(*loop.sequence);
    return visitor.onBlock(loop.body);
  }
  case Stmt::Kind::Require: {
    const auto &require = llvm::cast<RequireStmt>(stmt);
    return visitAll({require.condition, require.message}, visitor);
  }
  }
}

namespace {

class EffectsCollector {
public:
  Effects effects;

  EffectsCollector() = default;
  EffectsCollector(const EffectsCollector &) = delete;
  EffectsCollector &operator=(const EffectsCollector &) = delete;

  void collect(const Expr &expr) { visitChildren(expr, visitor()); }

  void collect(const Block &block) {
    for (const Stmt *stmt : block.statements)
      collect(*stmt);
  }

  void collect(const Stmt &stmt) {
    if (const auto *assignment = llvm::dyn_cast<AssignStmt>(&stmt))
      assign(assignment->target);
    if (const auto *loop = llvm::dyn_cast<ForStmt>(&stmt)) {
      if (!loop->index.text.empty())
        effects.assigned.insert(loop->index.text);
      assign(loop->element);
    }
    effects.returns |= llvm::isa<ReturnStmt>(stmt);
    visitChildren(stmt, visitor());
  }

private:
  void assign(const Pattern &pattern) {
    if (pattern.isName() && pattern.name != "_")
      effects.assigned.insert(pattern.name);
    for (const Pattern &element : pattern.elements)
      assign(element);
  }

  ChildVisitor visitor() { return {onExpr, onBlock}; }

  // A visitor holds references to them.
  std::function<void(const Expr &)> onExpr = [this](const Expr &expr) { collect(expr); };
  std::function<void(const Block &)> onBlock = [this](const Block &block) { collect(block); };
};

template <typename Node> Effects collectEffects(const Node &node) {
  EffectsCollector collector;
  collector.collect(node);
  return std::move(collector.effects);
}

} // namespace

Effects effectsOf(const Block &block) { return collectEffects(block); }
Effects effectsOf(const Stmt &stmt) { return collectEffects(stmt); }
Effects effectsOf(const Expr &expr) { return collectEffects(expr); }

} // namespace quern::frontend
