// The rows of a mask, or of whatever follows from constants, element by element: what MaskRows is
// for where a row is no few progressions.
#pragma once

#include "ir/HostTensor.h"

#include <memory>
#include <optional>
#include <vector>

namespace quern::passes {

/// Evaluates an expression of constants [queries, keys] row by row, so that there need not be room
/// for all of it.
class ElementRows {
public:
  explicit ElementRows(int64_t keys) : keys(keys) {}

  /// The row of `value` for a query, until another is asked for.
  llvm::ArrayRef<double> of(mlir::Value value, int64_t query);

private:
  /// What a value is for the query that was asked for last, or for all.
  struct Row {
    std::vector<double> elements;
    std::optional<int64_t> query = std::nullopt;
    bool isForAll = false;
  };

  void compute(Row &row, mlir::Value value, int64_t query);
  void takeFromTensor(Row &row, mlir::Value value, int64_t query);

  int64_t keys;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Row>> rows;
  /// What is evaluated as a whole: what lies along one axis, and what no elementwise op gives.
  llvm::DenseMap<mlir::Value, ir::HostTensor> tensors;
};

} // namespace quern::passes
