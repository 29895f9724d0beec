// The syntax tree of one file: its declarations here, what they hold in Expressions.h and
// Statements.h. Nodes live in the file's arena, hold views of its text and are never changed once
// parsed.
#pragma once

#include "frontend/Statements.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/Casting.h"

#include <cstring>

namespace quern::frontend {

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

/// Whether the type asks for axes somewhere.
inline bool mentionsAxis(const TypeExpr &type) {
  return (type.kind == TypeExpr::Kind::Static && type.name == "axis") ||
         llvm::any_of(type.operands,
                      [](const TypeExpr *operand) { return mentionsAxis(*operand); });
}

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
  /// The results are written in parentheses: a tuple, or the only one bare.
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
