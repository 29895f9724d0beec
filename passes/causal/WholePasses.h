// Step programs for models in which no axis runs along the order of generation: passes over the
// model, each for as many positions as the known elements decide.
#pragma once

#include "passes/causal/Causality.h"

namespace quern::passes {

/// Outputs that one pass computes: those of the ranks [from, until), all of which depend on what is
/// known at `from` at the latest. A pass that `repeats` runs at each of them, and is right about
/// those up to the current one.
struct Wave {
  int64_t from = 0, until = 0;
  bool repeats = false;

  bool operator==(const Wave &) const = default;
};

/// All positions of the contract in waves, each as long as it can be; waves of one position that
/// follow each other are one that repeats.
std::vector<Wave> wavesOf(const CausalAnalysis &analysis);

/// Derives the step programs of `model`, one for each wave: a copy of the model's ops, of which
/// those that no output of the wave reads are left out. A state has the input's elements by rank,
/// another the outputs. Fails with a diagnostic where an output reads beyond its contract.
mlir::LogicalResult deriveWholePasses(mlir::func::FuncOp model, ir::CausalAttr contract);

} // namespace quern::passes
