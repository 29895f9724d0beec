// The syntax tree's expressions, and blocks, which some of them hold.
#pragma once

#include "frontend/Lexer.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace quern::frontend {

struct Callable;
struct Stmt;

/// A name where it is written.
struct Identifier {
  StringRef text;
  SMRange range;
};

/// `{ ... }`: statements in order.
struct Block {
  SMRange range;
  llvm::ArrayRef<Stmt *> statements;
  /// Of its deepest expression: see Expr::depth.
  uint16_t depth = 0;
};

enum class UnaryOp : uint8_t { Negate, Not };
enum class BinaryOp : uint8_t {
  Or,
  And,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  In,
  Range,
  Add,
  Subtract,
  Multiply,
  Divide,
  Remainder,
  MatMul,
  Power,
};
/// The operator as it is written: "+".
StringRef spelling(BinaryOp op);

struct Expr {
  enum class Kind : uint8_t {
    Integer,
    Float,
    Bool,
    None,
    String,
    Name,
    List,
    Tuple,
    Unary,
    Binary,
    Call,
    Index,
    Labelled,
    Block,
    If,
    Lambda,
    Slice,
    Ellipsis,
  };
  Kind kind;
  /// Nodes on the longest way down to a leaf: bounded by the parser, so that recursion over a tree
  /// is safe.
  uint16_t depth;
  SMRange range;

protected:
  Expr(Kind kind, SMRange range, uint16_t depth = 1) : kind(kind), depth(depth), range(range) {}
};

template <Expr::Kind K> struct ExprOf : Expr {
  static bool classof(const Expr *expr) { return expr->kind == K; }

protected:
  ExprOf(SMRange range, uint16_t depth = 1) : Expr(K, range, depth) {}
};

struct IntegerExpr : ExprOf<Expr::Kind::Integer> {
  int64_t value;
  IntegerExpr(SMRange range, int64_t value) : ExprOf(range), value(value) {}
};

struct FloatExpr : ExprOf<Expr::Kind::Float> {
  double value;
  FloatExpr(SMRange range, double value) : ExprOf(range), value(value) {}
};

struct BoolExpr : ExprOf<Expr::Kind::Bool> {
  bool value;
  BoolExpr(SMRange range, bool value) : ExprOf(range), value(value) {}
};

struct NoneExpr : ExprOf<Expr::Kind::None> {
  explicit NoneExpr(SMRange range) : ExprOf(range) {}
};

/// A piece of a string or a label: text (its escapes resolved), or the expression written in
/// braces.
struct TextPiece {
  StringRef text;
  Expr *value = nullptr;
};

/// `"block {i}"`.
struct StringExpr : ExprOf<Expr::Kind::String> {
  llvm::ArrayRef<TextPiece> pieces;
  StringExpr(SMRange range, llvm::ArrayRef<TextPiece> pieces, uint16_t depth)
      : ExprOf(range, depth), pieces(pieces) {}
};

struct NameExpr : ExprOf<Expr::Kind::Name> {
  StringRef name;
  NameExpr(SMRange range, StringRef name) : ExprOf(range), name(name) {}
};

/// `[a, b]`.
struct ListExpr : ExprOf<Expr::Kind::List> {
  llvm::ArrayRef<Expr *> elements;
  ListExpr(SMRange range, llvm::ArrayRef<Expr *> elements, uint16_t depth)
      : ExprOf(range, depth), elements(elements) {}
};

/// `(a, b)`, `()`, or an unparenthesized `a, b` where a statement takes one.
struct TupleExpr : ExprOf<Expr::Kind::Tuple> {
  llvm::ArrayRef<Expr *> elements;
  TupleExpr(SMRange range, llvm::ArrayRef<Expr *> elements, uint16_t depth)
      : ExprOf(range, depth), elements(elements) {}
};

struct UnaryExpr : ExprOf<Expr::Kind::Unary> {
  UnaryOp op;
  Expr *operand;
  UnaryExpr(SMRange range, UnaryOp op, Expr *operand, uint16_t depth)
      : ExprOf(range, depth), op(op), operand(operand) {}
};

struct BinaryExpr : ExprOf<Expr::Kind::Binary> {
  BinaryOp op;
  SMRange opRange;
  Expr *left;
  Expr *right;
  BinaryExpr(SMRange range, BinaryOp op, SMRange opRange, Expr *left, Expr *right, uint16_t depth)
      : ExprOf(range, depth), op(op), opRange(opRange), left(left), right(right) {}
};

/// One argument of a call: `value` or `name = value`.
struct Argument {
  Identifier name;
  Expr *value = nullptr;
  bool isKeyword() const { return !name.text.empty(); }
};

struct CallExpr : ExprOf<Expr::Kind::Call> {
  Expr *callee;
  llvm::ArrayRef<Argument> arguments;
  CallExpr(SMRange range, Expr *callee, llvm::ArrayRef<Argument> arguments, uint16_t depth)
      : ExprOf(range, depth), callee(callee), arguments(arguments) {}
};

/// `x[i]`, `x[0, .., 1..5]`.
struct IndexExpr : ExprOf<Expr::Kind::Index> {
  Expr *base;
  llvm::ArrayRef<Expr *> indices;
  IndexExpr(SMRange range, Expr *base, llvm::ArrayRef<Expr *> indices, uint16_t depth)
      : ExprOf(range, depth), base(base), indices(indices) {}
};

/// `(i, j) => j <= i`: a module without a name, which sees the variables around it as they are when
/// it is evaluated.
struct LambdaExpr : ExprOf<Expr::Kind::Lambda> {
  const Callable *callable;
  LambdaExpr(SMRange range, const Callable *callable, uint16_t depth)
      : ExprOf(range, depth), callable(callable) {}
};

/// A range with an end left out, inside an index: `..`, `1..`, `..5`. A full one is a BinaryExpr.
struct SliceExpr : ExprOf<Expr::Kind::Slice> {
  Expr *low;
  Expr *high;
  SliceExpr(SMRange range, Expr *low, Expr *high, uint16_t depth)
      : ExprOf(range, depth), low(low), high(high) {}
};

/// `...` inside an index: all the axes not named.
struct EllipsisExpr : ExprOf<Expr::Kind::Ellipsis> {
  explicit EllipsisExpr(SMRange range) : ExprOf(range) {}
};

/// `layer{i}.conv`, dots and all.
struct Label {
  SMRange range;
  llvm::ArrayRef<TextPiece> pieces;
};

/// `label: call(...)` or `label: { ... }`: the operand's parameters have keys below the label.
struct LabelledExpr : ExprOf<Expr::Kind::Labelled> {
  Label label;
  Expr *operand;
  LabelledExpr(SMRange range, Label label, Expr *operand, uint16_t depth)
      : ExprOf(range, depth), label(label), operand(operand) {}
};

/// `{ ... }` after a label: its value is that of its last statement.
struct BlockExpr : ExprOf<Expr::Kind::Block> {
  Block block;
  BlockExpr(SMRange range, Block block, uint16_t depth) : ExprOf(range, depth), block(block) {}
};

/// `if c { ... } else { ... }`, decided while compiling; usable as a value.
struct IfExpr : ExprOf<Expr::Kind::If> {
  Expr *condition;
  Block then;
  /// A BlockExpr, an IfExpr (`else if`) or null.
  Expr *otherwise;
  IfExpr(SMRange range, Expr *condition, Block then, Expr *otherwise, uint16_t depth)
      : ExprOf(range, depth), condition(condition), then(then), otherwise(otherwise) {}
};

} // namespace quern::frontend
