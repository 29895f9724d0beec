// Values on coarser grids than the input's: one element for several positions.
#pragma once

#include "passes/causal/OrderedAxes.h"

namespace quern::passes {

/// How an op's result is finer than its operand: each element becomes `factors` neighbours along
/// the ordered axes, which are `map` of the result.
struct Spread {
  OrderedMap map;
  Distance factors;
};

/// Of a reshape that makes what lies inside an ordered axis a part of it (pixel shuffle), or of an
/// upsampling that repeats elements; nothing for any other op.
std::optional<Spread> spreadOf(mlir::Operation *op, const OrderedAxes &axes);

/// The rates of an op's result with the ordered axes `map`. Fails with a diagnostic where operands
/// lie on different grids, or the result would be finer than the input.
mlir::FailureOr<Distance> ratesOf(mlir::Operation *op, const OrderedMap &map,
                                  const OrderedAxes &axes);

/// The positions from one element that `op` computes at a time to the next.
Distance periodsOf(mlir::Operation *op, const OrderedAxes &axes);

} // namespace quern::passes
