// A model's signature: settings, symbols, inputs, adapters and results.
#pragma once

#include "frontend/Elaborator.h"
#include "frontend/Frontend.h"

namespace quern::frontend {

/// Elaborates `model` into `module` as a func.func. Returns false after errors.
bool elaborateModel(Program &program, Diagnostics &diagnostics, const Function &model,
                    const Options &options, mlir::ModuleOp module);

} // namespace quern::frontend
