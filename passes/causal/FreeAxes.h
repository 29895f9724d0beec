// Operands that depend on nothing generated, of ops that do.
#pragma once

#include "passes/causal/OrderedAxes.h"

namespace quern::passes {

/// Which axes of a free operand of an op run along with the ordered axes of its result: a bias for
/// each position, a row of a mask for each query.
OrderedMap freeAxes(mlir::OpOperand &operand, const OrderedAxes &axes);

} // namespace quern::passes
