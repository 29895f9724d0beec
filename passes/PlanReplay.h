// Reads a plan file back, so that a model is compiled as it was before.
#pragma once

#include "passes/conv/ConvPolicy.h"

#include "llvm/ADT/StringRef.h"

#include <vector>

namespace quern::passes {

/// What a plan's "checksum" is of: all that is replayed.
std::string planChecksum(llvm::StringRef target, llvm::StringRef model,
                         llvm::ArrayRef<PlannedConv> convs);

/// The choices of a plan that writePlan wrote for `target` and `model`. Fails with one line in
/// `why` for what is no plan, was changed since, or was made for something else. A plan without a
/// checksum is one that was edited by hand.
mlir::FailureOr<std::vector<PlannedConv>> readPlan(llvm::StringRef text, llvm::StringRef target,
                                                   llvm::StringRef model, std::string &why);

} // namespace quern::passes
