// Which step of the path on which a contract is broken is at fault.
#pragma once

#include "passes/causal/PathRanks.h"

namespace quern::passes {

/// What an element on the path reads beside the path.
struct ReadsBeside {
  /// Whether it has other taps.
  bool areThere = false;
  /// Whether it would be early enough by these alone.
  bool areEarly = false;
  /// How far apart the positions lie that it reads.
  int64_t spread = 0;
};

/// The number of the step to blame on a path that is complete; `ranks` and `beside` have an entry
/// for each step.
size_t blamedStep(const CausalAnalysis &analysis, const Counterexample &path,
                  llvm::ArrayRef<StepRanks> ranks, llvm::ArrayRef<ReadsBeside> beside);

} // namespace quern::passes
