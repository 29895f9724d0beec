// The syntax tree's statements.
#pragma once

#include "frontend/Expressions.h"

namespace quern::frontend {

/// What a value is taken apart into: a name, or a tuple of patterns.
struct Pattern {
  SMRange range;
  /// Empty for a tuple.
  StringRef name;
  llvm::ArrayRef<Pattern> elements;
  bool isName() const { return !name.empty(); }
};

struct Stmt {
  enum class Kind : uint8_t { Assign, Expression, Return, For, Require };
  Kind kind;
  /// See Expr::depth.
  uint16_t depth = 0;
  SMRange range;

protected:
  Stmt(Kind kind, SMRange range) : kind(kind), range(range) {}
};

template <Stmt::Kind K> struct StmtOf : Stmt {
  static bool classof(const Stmt *stmt) { return stmt->kind == K; }

protected:
  explicit StmtOf(SMRange range) : Stmt(K, range) {}
};

/// `x = value`, `a, b = value`, and `x += value` as `x = x + value`.
struct AssignStmt : StmtOf<Stmt::Kind::Assign> {
  Pattern target;
  Expr *value;
  AssignStmt(SMRange range, Pattern target, Expr *value)
      : StmtOf(range), target(target), value(value) {}
};

struct ExprStmt : StmtOf<Stmt::Kind::Expression> {
  Expr *value;
  ExprStmt(SMRange range, Expr *value) : StmtOf(range), value(value) {}
};

struct ReturnStmt : StmtOf<Stmt::Kind::Return> {
  /// Null for a bare `return`.
  Expr *value;
  ReturnStmt(SMRange range, Expr *value) : StmtOf(range), value(value) {}
};

/// `for x in xs { ... }` and `for i, x in xs { ... }`, unrolled.
struct ForStmt : StmtOf<Stmt::Kind::For> {
  /// The running index; its text is empty where there is none.
  Identifier index;
  Pattern element;
  Expr *sequence;
  Block body;
  ForStmt(SMRange range, Identifier index, Pattern element, Expr *sequence, Block body)
      : StmtOf(range), index(index), element(element), sequence(sequence), body(body) {}
};

/// `require condition, "message"`: a failure is the caller's mistake and reported there.
struct RequireStmt : StmtOf<Stmt::Kind::Require> {
  Expr *condition;
  Expr *message;
  RequireStmt(SMRange range, Expr *condition, Expr *message)
      : StmtOf(range), condition(condition), message(message) {}
};

} // namespace quern::frontend
