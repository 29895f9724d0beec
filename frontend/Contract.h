// The contract that a model is causal, in terms of its tensors.
#pragma once

#include "frontend/Elaborator.h"

namespace quern::frontend {

/// What a contract means for the tensors of a function.
struct ContractTerms {
  /// Of the first input, and the first result, that have its axes.
  ir::CausalAttr causal;
  /// How many positions after its own a result may read.
  int64_t ahead = 0;
};

/// The terms of the contract of `model` for a function with these inputs; nothing after an error.
std::optional<ContractTerms> elaborateContract(Elaborator &elaborator, const Callable &model,
                                               llvm::ArrayRef<mlir::Type> inputs);

} // namespace quern::frontend
