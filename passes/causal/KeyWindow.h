// Masks that admit to each query only keys shortly before it: a step then reads those alone.
#pragma once

#include "passes/causal/StepBoxes.h"

namespace quern::passes {

/// The first and the last key that a query is admitted to; where it is admitted to none, the last
/// is before the first.
struct KeyRange {
  int64_t first = 0, last = -1;
};

/// Between which keys those lie that a mask [queries, keys] admits each query to, or, of one that
/// depends on inputs or parameters, may admit it to.
std::vector<KeyRange> admittedRanges(mlir::Value mask);

/// How many keys up to the last that `mask` ever admits a query to, counted from its own place, are
/// all; where that spares a step half of them and the mask's row can be computed for those alone:
/// else 0.
int64_t windowOf(mlir::Value mask, llvm::ArrayRef<KeyRange> admitted);

/// So many keys, up to that `ahead` of the query's own place.
struct KeyWindow {
  int64_t width, ahead;
};

/// The row [1, width] of such a mask at the program's position, over a window. It admits none
/// before the first key, and none behind the last.
mlir::Value windowRow(StepBoxes &boxes, StepProgram &program, mlir::Value mask, KeyWindow window,
                      const Distance &rates);

} // namespace quern::passes
