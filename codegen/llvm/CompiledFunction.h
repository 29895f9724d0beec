// A function of launches with all that was compiled for it.
#pragma once

#include "ir/Quern.h"

#include "llvm/ADT/StringMap.h"

namespace quern::codegen {

/// The model, of which there may be only the signature, or one of its step programs.
struct CompiledFunction {
  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  /// Computes its weights; null where it has none.
  mlir::func::FuncOp prepare;
  /// The kernel symbol behind each kernel function of the module.
  llvm::StringMap<std::string> kernelSymbols = {};

  bool isSignature() const { return mlir::func::FuncOp(function).isDeclaration(); }
  /// What it needs of the arena.
  uint64_t arenaBytes() const {
    auto bytes =
        mlir::func::FuncOp(function)->getAttrOfType<mlir::IntegerAttr>(ir::names::arenaBytes);
    assert((bytes || isSignature()) && "the passes plan the memory of what is launched");
    return bytes ? static_cast<uint64_t>(bytes.getInt()) : 0;
  }
};

} // namespace quern::codegen
