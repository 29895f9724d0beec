// A function of launches with all that was compiled for it.
#pragma once

#include "ir/Quern.h"

#include "llvm/ADT/StringMap.h"

namespace quern::codegen {

/// The model, or one of its step programs.
struct CompiledFunction {
  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  /// Computes its weights; null where it has none.
  mlir::func::FuncOp prepare;
  /// The kernel symbol behind each kernel function of the module.
  llvm::StringMap<std::string> kernelSymbols = {};
};

} // namespace quern::codegen
