// Some elements of a value, taken from where they come from: no op in between moves the others.
#pragma once

#include "ir/Quern.h"

#include "mlir/IR/Builders.h"

namespace quern::passes {

/// `value` at some places, [places, the other axes...]: `places` are coordinates along `count`
/// neighbouring axes from `first` on, flattened in row-major order.
mlir::Value pickedElements(mlir::OpBuilder &builder, mlir::Value value, int64_t first,
                           int64_t count, llvm::ArrayRef<int64_t> places);

} // namespace quern::passes
