// The C header of a compiled model.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace quern::codegen {

/// Text of SYM.h: declares the function that returns the model, and tells names, element types,
/// shapes and byte counts of inputs and outputs in its comments. It includes quern.h.
std::string modelHeader(mlir::func::FuncOp model, llvm::StringRef symbol, llvm::StringRef target);

} // namespace quern::codegen
