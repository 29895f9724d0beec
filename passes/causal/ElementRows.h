// The rows of a mask, or of whatever follows from constants, element by element: what MaskRows is
// for where a row is no few progressions.
#pragma once

#include "ir/HostTensor.h"

#include <vector>

namespace quern::passes {

/// Evaluates an expression of constants [queries, keys] row by row, so that there need not be room
/// for all of it.
class ElementRows {
public:
  explicit ElementRows(int64_t keys) : keys(keys) {}

  /// The row of `value` for a query.
  std::vector<double> of(mlir::Value value, int64_t query);

private:
  std::vector<double> computed(mlir::Value value, int64_t query);
  std::vector<double> ofTensor(mlir::Value value, int64_t query);

  int64_t keys;
  /// What is evaluated as a whole: what lies along one axis, and what no elementwise op gives.
  llvm::DenseMap<mlir::Value, ir::HostTensor> tensors;
  /// What several ops read, for the query `current`.
  llvm::DenseMap<mlir::Value, std::vector<double>> shared;
  int64_t current = -1;
};

} // namespace quern::passes
