// Reads a plan file back, so that a model is compiled as it was before.
#pragma once

#include "passes/conv/ConvPolicy.h"

#include "llvm/ADT/StringRef.h"

#include <vector>

namespace quern::passes {

/// The same plan, an object in JSON on several lines, with a line "checksum" of all its other
/// bytes.
std::string withChecksum(llvm::StringRef plan);

/// The choices of a plan that writePlan wrote for `target` and `model`. Fails with one line in
/// `why` for what is no plan, was changed since, or was made for something else. A plan without a
/// checksum is one that was edited by hand.
mlir::FailureOr<std::vector<PlannedConv>> readPlan(llvm::StringRef text, llvm::StringRef target,
                                                   llvm::StringRef model, std::string &why);

} // namespace quern::passes
