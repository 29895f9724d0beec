// Why a model is not causal: the path on which an output reads what it must not.
#pragma once

#include "passes/causal/Causality.h"

#include <string>

namespace quern::passes {

/// One op of the path: an element of its result, and the element of an operand that it reads.
struct PathStep {
  mlir::Operation *op = nullptr;
  unsigned operand = 0;
  llvm::SmallVector<int64_t> element;
  llvm::SmallVector<int64_t> readElement;
  /// The tap it is read through; empty for ops without taps.
  llvm::SmallVector<int64_t> tap;
  TapName tapName = TapName::none;
  /// Whether it brings an element from another place, or through a tap.
  bool moves = false;

  /// The op's label in the model, or its name: "block3.gate", "conv".
  std::string name() const;
  /// "tap (0,+1)", "element (6)", or "".
  std::string tapText() const;
  /// "conv3 at wavenet.qn:14:9, tap (0,+1)".
  std::string text() const;
};

struct Counterexample {
  /// The element of the output, and that of the input.
  llvm::SmallVector<int64_t> output, input;
  llvm::SmallVector<int64_t> outputPosition, inputPosition;
  /// From the output to the input.
  std::vector<PathStep> steps;
  /// The step that is most likely at fault, as the plainest path tells: the one whose tap reads
  /// farthest ahead, or else the one that brings elements from farthest ahead, as a slice does.
  /// Where none does, the layer that the least change would mend, where some are masked, or the
  /// first step, coming from the input, whose other taps are early enough; where there is none of
  /// these either, as when all is summed up, the one that reads positions farthest apart.
  size_t blamed = 0;
};

/// Follows the latest input that the output which looks farthest ahead depends on; of a verdict
/// that the contract is broken. Where a recurrence leads there from thousands of positions away,
/// the output that looks ahead least.
Counterexample findCounterexample(const CausalAnalysis &analysis, const Verdict &verdict);

/// "[2,6]".
std::string indexText(llvm::ArrayRef<int64_t> index);

} // namespace quern::passes
