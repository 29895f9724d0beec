// Finding one's way in a module: the model's function, and what lies behind free reshapes.
#pragma once

#include "ir/Infer.h"

namespace quern::passes {

/// The function marked quern.model, or null: also where only its signature is left
/// (drop-full-pass).
mlir::func::FuncOp modelOf(mlir::ModuleOp module);

/// The function marked quern.model, which may be only a signature, or null.
mlir::func::FuncOp signatureOf(mlir::ModuleOp module);

/// The function marked quern.prepare, or null.
mlir::func::FuncOp prepareOf(mlir::ModuleOp module);

/// Whether `op` is a reshape that moves nothing in memory, given the layouts of its types.
bool isFreeReshape(mlir::Operation *op);

/// The value whose memory `value` names: what it is through free reshapes.
mlir::Value behindFreeReshapes(mlir::Value value);

/// Whether `value` is a constant whose elements are all equal.
bool isSplatConstant(mlir::Value value);

using ir::tensorType;

} // namespace quern::passes
