// The verdict on a causal contract.
#pragma once

#include "passes/causal/Availability.h"

namespace quern::passes {

/// A model, the positions of its contract, and when everything becomes available.
struct CausalAnalysis {
  mlir::func::FuncOp model;
  Positions positions;
  Availability available;
  /// How many positions after its own the contract lets an output read.
  int64_t ahead = 0;

  /// The value that the contract's output returns.
  mlir::Value output() const;
  /// The contract's input.
  mlir::Value input() const;
};

/// Analyses a model before its ops are lowered. Fails, with an error at the model, where the
/// contract does not fit it.
mlir::FailureOr<CausalAnalysis> analyseCausality(mlir::func::FuncOp model, ir::CausalAttr contract);

struct Verdict {
  /// No output reads what its contract forbids.
  bool isCausal = true;
  /// How many positions the output at worst reads ahead of what it might without look-ahead; at
  /// least 0.
  int64_t lookAhead = 0;
  /// How many of these its contract does not allow.
  int64_t beyond = 0;
  /// How many positions beyond its own an output must wait for: the algorithmic latency of the
  /// model as a stream.
  int64_t latency = 0;
  /// Of the elements of the output that look farther ahead than the contract lets them, one that
  /// does so most, and one that does so least: the plainest path leads from it. Empty where none
  /// does.
  llvm::SmallVector<int64_t> farthest, plainest;
};

Verdict judge(const CausalAnalysis &analysis);
/// What it would be were the output available then.
Verdict judge(const CausalAnalysis &analysis, RankTensor available);

} // namespace quern::passes
