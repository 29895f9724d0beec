// Ops that compute nothing, as their results are memory of their operands.
#pragma once

#include "ir/Quern.h"

namespace quern::passes {

/// Whether `op` is a free reshape, or a slice of elements that lie together: its result is its
/// operand's memory, or a part of it.
bool isView(mlir::Operation *op);

/// The value in whose memory `value` lies: what it is through views.
mlir::Value behindViews(mlir::Value value);

} // namespace quern::passes
