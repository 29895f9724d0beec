// What an expression of the language is worth while a model is elaborated: compile-time values, and
// tensors of the graph.
#pragma once

#include "frontend/Ast.h"

#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace quern::frontend {

struct Captured;

/// A callable with what it sees: the names of its file, and, of a lambda, the variables around it.
struct Function {
  const Callable *callable = nullptr;
  const SourceFile *file = nullptr;
  std::shared_ptr<const Captured> captured = nullptr;
};

class Value {
public:
  /// What a mistake leaves behind: operations on it are silent, so that one mistake is one error.
  struct Poison {};
  struct None {};
  /// An axis by its conventional name (N, C, D, H, W), before it is known of which rank.
  struct Axis {
    StringRef name;
  };
  struct Sequence {
    std::shared_ptr<const std::vector<Value>> elements;
    bool isTuple = false;
  };
  struct Tensor {
    mlir::Value value;
    /// Where it was made, for notes.
    SMRange definition;
  };

  Value() : data(Poison{}) {}
  static Value none() { return Value(None{}); }
  static Value integer(int64_t value) { return Value(value); }
  static Value number(double value) { return Value(value); }
  static Value boolean(bool value) { return Value(value); }
  static Value string(std::string value) {
    return Value(std::make_shared<const std::string>(std::move(value)));
  }
  static Value list(std::vector<Value> elements) {
    return Value(Sequence{std::make_shared<const std::vector<Value>>(std::move(elements)), false});
  }
  static Value tuple(std::vector<Value> elements) {
    return Value(Sequence{std::make_shared<const std::vector<Value>>(std::move(elements)), true});
  }
  static Value integers(llvm::ArrayRef<int64_t> values);
  static Value elementType(mlir::Type type) { return Value(type); }
  static Value axis(StringRef name) { return Value(Axis{name}); }
  static Value function(Function function) { return Value(function); }
  static Value tensor(mlir::Value value, SMRange definition) {
    return Value(Tensor{value, definition});
  }

  bool isPoison() const { return std::holds_alternative<Poison>(data); }
  bool isNone() const { return std::holds_alternative<None>(data); }
  bool isInteger() const { return std::holds_alternative<int64_t>(data); }
  bool isFloat() const { return std::holds_alternative<double>(data); }
  /// An integer or a float.
  bool isNumber() const { return isInteger() || isFloat(); }
  bool isBool() const { return std::holds_alternative<bool>(data); }
  bool isString() const { return std::holds_alternative<std::shared_ptr<const std::string>>(data); }
  bool isSequence() const { return std::holds_alternative<Sequence>(data); }
  bool isElementType() const { return std::holds_alternative<mlir::Type>(data); }
  bool isAxis() const { return std::holds_alternative<Axis>(data); }
  bool isFunction() const { return std::holds_alternative<Function>(data); }
  bool isTensor() const { return std::holds_alternative<Tensor>(data); }

  int64_t asInteger() const { return std::get<int64_t>(data); }
  double asNumber() const {
    return isInteger() ? static_cast<double>(asInteger()) : std::get<double>(data);
  }
  bool asBool() const { return std::get<bool>(data); }
  const std::string &asString() const {
    return *std::get<std::shared_ptr<const std::string>>(data);
  }
  const std::vector<Value> &elements() const { return *std::get<Sequence>(data).elements; }
  bool isTuple() const { return isSequence() && std::get<Sequence>(data).isTuple; }
  mlir::Type asElementType() const { return std::get<mlir::Type>(data); }
  StringRef asAxis() const { return std::get<Axis>(data).name; }
  const Function &asFunction() const { return std::get<Function>(data); }
  const Tensor &asTensor() const { return std::get<Tensor>(data); }
  mlir::RankedTensorType tensorType() const {
    return llvm::cast<mlir::RankedTensorType>(asTensor().value.getType());
  }

  /// Whether a poison lies in it, however deep in lists.
  bool hasPoison() const;
  /// The first tensor in it, looking into lists; null if there is none.
  const Tensor *firstTensor() const;

  /// As a message names it: "the integer 3", "f32[1, 64, 56, 56]", "a list of 2".
  std::string describe() const;
  /// As interpolation writes it into a string: "3", "[1, 2]", "f32".
  std::string text() const;

private:
  using Data = std::variant<Poison, None, int64_t, double, bool, std::shared_ptr<const std::string>,
                            Sequence, mlir::Type, Axis, Function, Tensor>;
  explicit Value(Data data) : data(std::move(data)) {}
  Data data;
};

using Variables = llvm::SmallDenseMap<StringRef, Value, 16>;

/// The variables that a lambda sees.
struct Captured {
  Variables variables;
};

/// Equality of compile-time values; an int equals the float of its value. Tensors are equal if they
/// are one.
bool equal(const Value &a, const Value &b);

/// Whether an argument that stands for an axis may call it so: N, C, D, H or W.
bool isAxisName(StringRef name);

/// "f32[1, 64, 56, 56]": a tensor's type as the language writes it.
std::string typeText(mlir::RankedTensorType type);
/// "f32", "bool", "u8": an element type as the language writes it.
StringRef elementTypeText(mlir::Type type);
/// The element type of that name, or null.
mlir::Type elementTypeNamed(StringRef name, mlir::MLIRContext &context);

} // namespace quern::frontend
