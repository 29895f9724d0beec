// Values seen through what only moves them along the order.
#pragma once

#include "passes/causal/OrderedAxes.h"

namespace quern::passes {

/// A value seen through pads and slices along ordered axes, and links: element p of it is element
/// p + distance of `root`, and zero where that lies outside [low, high).
struct OrderedView {
  mlir::Value root;
  Distance distance, low, high;
};

/// `value` through all pads with zeros and slices that only move it along ordered axes, and links.
OrderedView viewOf(mlir::Value value, const OrderedAxes &axes);

/// Whether `op` is such a pad or slice.
bool isOrderedView(mlir::Operation *op, const OrderedAxes &axes);

} // namespace quern::passes
