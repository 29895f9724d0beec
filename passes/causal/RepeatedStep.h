// The steps of a scan, of which all but the first few are like the one before.
#pragma once

#include "passes/causal/RankTensor.h"

namespace quern::passes {

/// What one step of a scan's body gives. Propagation takes maxima and does nothing else, so that it
/// commutes with whatever keeps the order of numbers: a step that is given the numbers of the step
/// before, each increased but in the same order, gives its results, increased likewise.
class RepeatedStep {
public:
  using Tensors = llvm::SmallVector<RankTensor>;

  /// `compute(given)`, which is called only where the last call's result does not tell.
  const Tensors &of(Tensors given, llvm::function_ref<Tensors(llvm::ArrayRef<RankTensor>)> compute);

private:
  Tensors lastGiven, results;
};

} // namespace quern::passes
