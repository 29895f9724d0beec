// Which entry of the masks on a path is one too many: that without which the contract is kept.
#pragma once

#include "passes/causal/Counterexample.h"

namespace quern::passes {

/// Of these steps of a complete path, each an op that reads through a mask, the one without whose
/// entry the contract is kept; none where that is so of none. Of several the one that takes the
/// fewest rightful dependences with it; of equals the one that leaves its mask the most regular.
std::optional<size_t> entryTooMany(const CausalAnalysis &analysis, const Counterexample &path,
                                   llvm::ArrayRef<size_t> steps);

} // namespace quern::passes
