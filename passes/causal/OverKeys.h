// Ops over pairs of positions: scores and what is computed from them, for each query and each key.
#pragma once

#include "passes/causal/OrderedAxes.h"

namespace quern::passes {

/// What `op` computes over keys: where queries meet keys in a contraction or element by element, or
/// an operand has an axis of keys. Nothing where it has to do with none. Fails, naming the op,
/// where a step that has only the keys of the past cannot compute it.
mlir::FailureOr<std::optional<OverKeys>> overKeysOf(mlir::Operation *op, const OrderedAxes &axes);

} // namespace quern::passes
