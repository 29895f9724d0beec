// The contract that a model is causal, in terms of its tensors.
#pragma once

#include "frontend/Elaborator.h"

namespace quern::frontend {

/// What the contract of `model` means for a function with these inputs: of the first input, and the
/// first result, that have its axes. Null after an error.
ir::CausalAttr elaborateContract(Elaborator &elaborator, const Callable &model,
                                 llvm::ArrayRef<mlir::Type> inputs);

} // namespace quern::frontend
