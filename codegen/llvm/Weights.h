// The weights of a compiled model: computed by @prepare, laid out for its kernels, in one blob.
#pragma once

#include "codegen/llvm/BufferTable.h"
#include "ir/Evaluate.h"

namespace quern::codegen {

/// Evaluates `prepare` (null for a function without weights) and writes its results into `blob` as
/// `buffers` and the function's argument types say. Fails with the diagnostics of `load`.
mlir::LogicalResult writeWeights(mlir::func::FuncOp prepare, mlir::func::FuncOp function,
                                 const BufferTable &buffers, ir::LoadParameter load,
                                 llvm::MutableArrayRef<char> blob);

/// Writes `weights` as a side file of the image with `identity`, beside `path` and then renamed.
llvm::Error writeWeightsFile(llvm::StringRef path, llvm::ArrayRef<char> weights, uint64_t identity);

} // namespace quern::codegen
