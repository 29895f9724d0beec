// Which axes of a model's values run along the order: what lies along the others, as the units of
// a dense layer, has no positions.
#pragma once

#include "passes/causal/Causality.h"

#include "llvm/ADT/DenseSet.h"

namespace quern::tools {

class PositionAxes {
public:
  explicit PositionAxes(const passes::CausalAnalysis &analysis);

  bool contains(mlir::Value value, int64_t axis) const { return known.contains({value, axis}); }

private:
  void follow(const passes::CausalAnalysis &analysis, mlir::Operation &op, bool isForwards);

  llvm::DenseSet<std::pair<mlir::Value, int64_t>> known;
};

} // namespace quern::tools
