// The C headers of a compiled model.
#pragma once

#include "codegen/EmitKind.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace quern::codegen {

/// Text of the header: declares the function that returns the model, and tells names, element
/// types, shapes and byte counts of inputs and outputs in its comments. It includes quern.h.
std::string modelHeader(mlir::func::FuncOp model, llvm::StringRef symbol, llvm::StringRef target);

/// The headers that are written beside a library or an object: the model's, called as the output is
/// (libmy.a: my.h), and quern.h. Other outputs have none.
std::vector<std::string> headersOf(EmitKind emit, llvm::StringRef output);

/// Whether a header's text was written by this program, or another version of it: modelHeader's or
/// quern.h.
bool isOwnHeader(llvm::StringRef text);

} // namespace quern::codegen
