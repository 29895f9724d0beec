// The driver of a compiled model in MLIR's LLVM dialect: for the model and each step program one
// function that calls every kernel in order, the same with timing, and the model's constant tables.
#pragma once

#include "codegen/llvm/BufferTable.h"
#include "codegen/llvm/CompiledFunction.h"

#include "llvm/ADT/StringSet.h"

namespace quern::codegen {

/// What the driver's module holds beside the calls.
struct DriverFacts {
  /// The model's name, and prefix of what only the driver sees: SYM_model, SYM_image, SYM_run,
  /// SYM_run_profiled, SYM_programs. codegen/Symbols.h has what others see.
  std::string symbol;
  llvm::ArrayRef<char> image;
  bool embedsWeights = false;
  uint64_t weightsBytes = 0;
  /// Symbol of the device's table in the runtime; empty for the CPU.
  std::string deviceSymbol;
};

/// Builds the module for the model, which comes first, and its step programs. Its only operations
/// are LLVM dialect: calls, address arithmetic and globals.
mlir::OwningOpRef<mlir::ModuleOp> buildDriver(llvm::ArrayRef<CompiledFunction> functions,
                                              const BufferTable &buffers, const DriverFacts &facts);

} // namespace quern::codegen
