// At which positions of the order the elements lie that a path leads through.
#pragma once

#include "passes/causal/Counterexample.h"

namespace quern::passes {

/// The ranks of the positions of a step's element and of what that reads, where they are known.
struct StepRanks {
  std::optional<int64_t> own, read;
};

/// For each step of a complete path. The ordered axes are followed from the output down and from
/// the input up, each as far as they go: units that all positions are summed into have none.
std::vector<StepRanks> ranksAlong(const CausalAnalysis &analysis, const Counterexample &path);

} // namespace quern::passes
