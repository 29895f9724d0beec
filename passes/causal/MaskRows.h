// The rows of a mask that is computed from places, as j <= i and i - j < 64: each a few arithmetic
// progressions, whatever the length of the sequence.
#pragma once

#include "passes/causal/RankTensor.h"

#include <optional>

namespace quern::passes {

/// Whole numbers from the key `first` on, up to the next progression: value, value + step, ...
struct Progression {
  int64_t first = 0, value = 0, step = 0;

  int64_t at(int64_t key) const { return value + (key - first) * step; }
};

/// Numbers along all keys.
using ProgressionRow = llvm::SmallVector<Progression, 4>;

/// Evaluates a mask [queries, keys], or what it is computed from, row by row, where a row is few
/// progressions: a step from one to the next takes as long as many elements do.
class MaskRows {
public:
  explicit MaskRows(int64_t keys) : keys(keys) {}

  /// The row of `value` for a query; nothing where it is computed by an op that no rule is for, or
  /// from a row that is more progressions than are worth it.
  std::optional<ProgressionRow> of(mlir::Value value, int64_t query);

private:
  std::optional<ProgressionRow> ofElementwise(mlir::Operation *op, int64_t query);
  std::optional<ProgressionRow> ofLeaf(mlir::Value value, int64_t query);

  /// What differs along one of the axes at most.
  struct Leaf {
    /// Nothing where it does not follow from constants.
    std::optional<RankTensor> elements;
    /// The row for all queries, if they share one.
    std::optional<ProgressionRow> row;
  };

  int64_t keys;
  llvm::DenseMap<mlir::Value, Leaf> leaves;
};

} // namespace quern::passes
