// What stands around a model: `from photo(...)` after an input's type, `as labels(...)` after a
// result's.
#pragma once

#include "frontend/Elaborator.h"

namespace quern::frontend {

/// An adapter call in a model's signature, its arguments bound to the signature in the library.
struct BoundAdapter {
  const CallExpr &call;
  const Callable *callable;
  std::vector<ArgumentValue> arguments;
  /// Of the tensor that it stands after.
  mlir::RankedTensorType type;
  /// Where that is a result: of which model, and which.
  mlir::func::FuncOp model;
  unsigned index;

  SMRange rangeOf(unsigned i) const {
    return arguments[i].isGiven() ? arguments[i].range : call.range;
  }
};

/// The attribute that an input's adapter means on an argument of that type; null after an error.
mlir::Attribute inputAdapter(Elaborator &elaborator, const CallExpr &adapter,
                             mlir::RankedTensorType type);

/// The attribute that the adapter of result `index` means, on a result of that type; null after an
/// error. `model` has its inputs and its contract.
mlir::Attribute resultAdapter(Elaborator &elaborator, const CallExpr &adapter,
                              mlir::RankedTensorType type, mlir::func::FuncOp model,
                              unsigned index);

} // namespace quern::frontend
