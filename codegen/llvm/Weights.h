// The weights of a compiled model: computed by @prepare, laid out for its kernels, in one blob.
#pragma once

#include "codegen/llvm/BufferTable.h"
#include "ir/Evaluate.h"

namespace quern::codegen {

/// Evaluates `prepare` (null for a model without weights) and lays its results out as `buffers` and
/// the model's argument types say. Fails with the diagnostics of `load`.
mlir::FailureOr<std::vector<char>> buildWeights(mlir::func::FuncOp prepare,
                                                mlir::func::FuncOp model,
                                                const BufferTable &buffers, ir::LoadParameter load);

/// Writes `weights` as a side file of the image with `identity`, beside `path` and then renamed.
llvm::Error writeWeightsFile(llvm::StringRef path, llvm::ArrayRef<char> weights, uint64_t identity);

} // namespace quern::codegen
