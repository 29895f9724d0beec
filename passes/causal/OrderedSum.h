// Dense layers over the order: contractions whose masked weight says which elements each unit sees.
#pragma once

#include "passes/causal/OrderedAxes.h"

namespace quern::passes {

/// On a contraction: which axis of its result runs along the order. For those that were arranged by
/// position; elsewhere the mask tells.
inline constexpr llvm::StringLiteral orderedResult = "quern.ordered_result";

/// A contraction that sums a generated operand over its ordered axis. Its result runs along the
/// order by an axis of the weight.
struct OrderedSum {
  /// Operand numbers.
  unsigned sequence, weight;
  /// The axes of the weight that run along the sequence's order, and along the result's.
  int64_t from, to;
  /// The result's axis.
  int64_t axis;
};

/// Nothing where `op` is anything else.
std::optional<OrderedSum> orderedSumOf(mlir::Operation *op, const OrderedAxes &axes);

} // namespace quern::passes
