// The primitives: what modules cannot say in the language itself. Each is declared in
// library/primitives.qn, whose signature checks a call's arguments, and has its meaning here, in a
// table by name.
#pragma once

#include "frontend/Elaborator.h"

namespace quern::frontend {

/// A call of a primitive whose arguments conform to its signature.
class PrimitiveCall {
public:
  PrimitiveCall(Elaborator &elaborator, const Callable &callable,
                llvm::ArrayRef<ArgumentValue> arguments, SMRange range)
      : elaborator(elaborator), callable(callable), arguments(arguments), range(range) {}

  const Value &value(unsigned i) const { return arguments[i].value; }
  /// Where argument i is written; the call itself where it was left out.
  SMRange rangeOf(unsigned i) const {
    return arguments[i].range.isValid() ? arguments[i].range : range;
  }
  mlir::Value tensor(unsigned i) const { return value(i).asTensor().value; }
  mlir::RankedTensorType type(unsigned i) const { return value(i).tensorType(); }
  int64_t integer(unsigned i) const { return value(i).asInteger(); }
  std::vector<int64_t> integers(unsigned i) const;

  /// Emits an op for this call.
  template <typename Op, typename... Args> Value emit(Args &&...args) const {
    return elaborator.emit<Op>(range, std::forward<Args>(args)...);
  }
  /// Reports D at argument i.
  template <typename D, typename... Args> Value fail(unsigned i, const Args &...args) const {
    elaborator.error<D>(rangeOf(i), args...);
    return Value();
  }

  Elaborator &elaborator;
  const Callable &callable;
  llvm::ArrayRef<ArgumentValue> arguments;
  SMRange range;
};

using PrimitiveFunction = Value (*)(const PrimitiveCall &);

/// A primitive's name and meaning.
struct Primitive {
  StringRef name;
  PrimitiveFunction function;
};

/// Each family's rows of the table.
llvm::ArrayRef<Primitive> elementwisePrimitives();
llvm::ArrayRef<Primitive> linearPrimitives();
llvm::ArrayRef<Primitive> reductionPrimitives();
llvm::ArrayRef<Primitive> sequencePrimitives();
llvm::ArrayRef<Primitive> shapePrimitives();
llvm::ArrayRef<Primitive> staticPrimitives();

/// The meaning of the primitive of that name, or null.
PrimitiveFunction primitiveNamed(StringRef name);
/// The names of all primitives that have a meaning.
std::vector<StringRef> primitiveNames();

} // namespace quern::frontend
