// Which values are known once the weights are: what the compiler may compute ahead of time.
#pragma once

#include "ir/Evaluate.h"

namespace quern::passes {

/// Whether `value` follows from parameters and constants through ops that `ir::evaluate` knows.
bool isWeightExpression(mlir::Value value);

/// Whether a weight expression is worth storing: it reads a parameter or a constant with differing
/// elements, or is costly to compute anew. The others (splat constants, masks over iota) belong
/// into kernels.
bool isWorthStoring(mlir::Value value);

/// The value of a weight expression. Fails with a diagnostic where `load` does.
mlir::FailureOr<ir::HostTensor> evaluateExpression(mlir::Value value, ir::LoadParameter load);

} // namespace quern::passes
