// From the driver's LLVM dialect module to an object file, assembly or LLVM IR.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/BuiltinOps.h"

namespace quern::codegen {

enum class DriverForm { object, assembly, llvmIr };

/// Translates and emits `driver` for `triple` (position-independent, any processor of its kind: the
/// driver only makes calls). Fails with a diagnostic for a triple that LLVM does not know.
mlir::FailureOr<llvm::SmallVector<char>> emitDriver(mlir::ModuleOp driver, llvm::StringRef triple,
                                                    DriverForm form);

} // namespace quern::codegen
