// What a sampler that computes each element once must keep between its steps.
#pragma once

#include "passes/causal/Causality.h"

namespace quern::passes {

/// A value of which later steps read what earlier ones computed.
struct ValueState {
  mlir::Value value;
  /// The most positions that a later step still reads, after any step.
  int64_t positions = 0;
  /// Of one position: all its channels, in all samples of the batch.
  int64_t positionBytes = 0;

  int64_t bytes() const { return positions * positionBytes; }
};

/// In the order of the model; values that depend on nothing are constants and no state.
std::vector<ValueState> stateSizes(const CausalAnalysis &analysis);

} // namespace quern::passes
