// The C header of a compiled model.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace quern::codegen {

/// Text of the header: declares the function that returns the model, and tells names, element
/// types, shapes and byte counts of inputs and outputs in its comments. It includes quern.h.
std::string modelHeader(mlir::func::FuncOp model, llvm::StringRef symbol, llvm::StringRef target);

/// Whether a header's text was written by this program, or another version of it: modelHeader's or
/// quern.h.
bool isOwnHeader(llvm::StringRef text);

} // namespace quern::codegen
