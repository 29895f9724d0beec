// Evaluation of ops at compile time: what weights go through (batch norm folded in, slices,
// transposes) before they are written into a model.
#pragma once

#include "ir/HostTensor.h"

namespace quern::ir {

/// Whether `evaluate` knows the op. What it does not know is computed at run time, even of
/// constants.
bool isEvaluable(mlir::Operation *op);

/// Brings the tensor of a parameter, or fails with a diagnostic.
using LoadParameter = llvm::function_ref<mlir::FailureOr<HostTensor>(ParameterOp)>;

/// The values that a function without arguments returns, row-major whatever the layouts of its
/// types. Each op is computed in double precision and rounded to its element type. Every op must be
/// evaluable; memory of intermediate values is released as soon as they are used up.
mlir::FailureOr<llvm::SmallVector<HostTensor>> evaluate(mlir::func::FuncOp function,
                                                        LoadParameter load);

} // namespace quern::ir
