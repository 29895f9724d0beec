// How far ahead the keys lie that count.
#pragma once

#include "passes/causal/KnownRanges.h"
#include "passes/causal/OrderedAxes.h"

#include <map>

namespace quern::passes {

class FarthestKey {
public:
  explicit FarthestKey(const OrderedAxes &axes) : axes(axes) {}

  /// The farthest key, in elements beyond a query's own place, that counts in what `op` leads to:
  /// in each softmax along the keys and each sum over them, all others are excluded or weighed with
  /// zeros, whatever the inputs are. Less than 0 where keys count before the query's own only.
  int64_t of(mlir::Operation *op);

private:
  void findKeys(mlir::Operation *op);
  std::optional<int64_t> inOp(mlir::Operation *op, const OverKeys &over);
  int64_t weighed(mlir::Value weights, int64_t query, int64_t key);

  const OrderedAxes &axes;
  std::optional<KnownRanges> ranges;
  /// By weights and axes: who reads the same asks again.
  std::map<std::tuple<void *, int64_t, int64_t>, int64_t> known;
};

} // namespace quern::passes
