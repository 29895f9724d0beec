// The syntax tree of one file. Nodes live in the file's arena, hold views of its text and are never
// changed once parsed.
#pragma once

#include "frontend/Lexer.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/Casting.h"

#include <cstdint>
#include <cstring>

namespace quern::frontend {

struct Callable;
struct Expr;
struct Stmt;
struct TypeExpr;

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

// ----------------------------------------------------------------------------------------------
// expressions

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

// ----------------------------------------------------------------------------------------------
// statements

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

// ----------------------------------------------------------------------------------------------
// types

/// One entry of a shape: an expression over sizes, a symbol with a default, or `...` for any number
/// of axes.
struct Dimension {
  SMRange range;
  /// Null for `...`.
  Expr *size = nullptr;
  /// `N = 1`: the size of a model's symbol that nothing else sets.
  Expr *defaultSize = nullptr;
  bool isEllipsis() const { return size == nullptr; }
};

struct TypeExpr {
  enum class Kind : uint8_t {
    /// `int`, `float`, `bool`, `string`, `list`, `dtype`, `axis`, `module`, `none`, `any`.
    Static,
    /// `[int]`: a list or tuple of such.
    List,
    /// `int | [int]`.
    Union,
    /// `f32[N, 3]`; `tensor[...]` for any element type.
    Tensor,
  };
  Kind kind;
  SMRange range;
  /// The static type's, or the element type's name ("tensor" for any).
  StringRef name;
  /// The alternatives of a union, the one element type of a list.
  llvm::ArrayRef<TypeExpr *> operands;
  llvm::ArrayRef<Dimension> dimensions;

  bool isTensor() const { return kind == Kind::Tensor; }
};

// ----------------------------------------------------------------------------------------------
// declarations

/// A parameter of a module or model: `x: f32[N, C]`, `stride: int = 1`.
struct Parameter {
  Identifier name;
  TypeExpr *type = nullptr;
  Expr *defaultValue = nullptr;
  /// `from photo(...)`: a model's pre-processing. A CallExpr whose callee is a NameExpr, or null.
  CallExpr *adapter = nullptr;
};

/// A result type, with the name a model may give it and its post-processing (`as labels(...)`).
struct Result {
  Identifier name;
  TypeExpr *type = nullptr;
  CallExpr *adapter = nullptr;
};

/// `causal over (H, W) by order ahead n`: the order in which a model's input is generated, and what
/// its result may read of it.
struct Contract {
  SMRange range;
  bool isStrict = false;
  /// Dimensions, outermost first.
  llvm::ArrayRef<Identifier> axes;
  /// The rank of each position; the row-major order where it is null, or worth none.
  Expr *order = nullptr;
  /// How many positions after its own a result may read, as a stream then does later; none where it
  /// is null.
  Expr *ahead = nullptr;
};

/// A module, a model, or the signature of a primitive (which has no body).
struct Callable {
  enum class Kind : uint8_t { Module, Model, Primitive };
  Kind kind;
  SMRange range;
  Identifier name;
  llvm::ArrayRef<Parameter> parameters;
  llvm::ArrayRef<Result> results;
  /// The results are written in parentheses: a tuple, even of one.
  bool returnsTuple = false;
  /// Null where nothing is said.
  const Contract *contract = nullptr;
  Block body;
};

/// A file's `NAME = value`.
struct Constant {
  Identifier name;
  Expr *value;
};

struct ImportDecl {
  SMRange range;
  StringRef path;
};

/// One parsed file.
struct SourceFile {
  std::string path;
  llvm::BumpPtrAllocator arena;
  TokenStream stream;
  std::vector<ImportDecl> imports;
  std::vector<const Callable *> callables;
  std::vector<const Callable *> lambdas;
  std::vector<const Constant *> constants;
  /// Of the standard library: mistakes inside it are reported where the user called it.
  bool isLibrary = false;

  template <typename T, typename... Args> T *make(Args &&...args) {
    return new (arena.Allocate<T>()) T{std::forward<Args>(args)...};
  }
  template <typename T> llvm::ArrayRef<T> copy(llvm::ArrayRef<T> items) {
    if (items.empty())
      return {};
    T *memory = arena.Allocate<T>(items.size());
    std::uninitialized_copy(items.begin(), items.end(), memory);
    return {memory, items.size()};
  }
};

} // namespace quern::frontend
