// What masks make known of values that depend on inputs: scores that a mask multiplies by zero, and
// what is computed from these.
#pragma once

#include "passes/causal/RankTensor.h"
#include "passes/causal/Signs.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

#include <optional>

namespace quern::passes {

/// Answers about the values of a model that does not change meanwhile.
class KnownSigns {
public:
  /// The sign of each element, stored in full along the axes on which it differs; nothing where
  /// none is known.
  std::optional<RankTensor> of(mlir::Value value);

  /// 1 where a value may be other than zero and 0 where it is zero whatever the parameters and the
  /// inputs are: a masked weight is a parameter times a constant with zeros, masked scores are a
  /// product of inputs times one. Stored as above. Nothing where no element is known to be zero.
  std::optional<RankTensor> possiblyNonzero(mlir::Value value);

private:
  using Signs = std::optional<RankTensor>;

  Signs ofFactor(mlir::Value weight);
  Signs ofResult(mlir::Operation *op);
  Signs ofOperand(mlir::Operation *op, unsigned number);
  Signs ofElementwise(mlir::Operation *op);
  Signs ofMoved(mlir::Operation *op);
  Signs ofPadded(mlir::Operation *pad, double value);
  Signs ofJoined(mlir::Operation *concat);
  Signs ofSum(mlir::Operation *op, unsigned operands);

  llvm::DenseSet<mlir::Value> unknown;
  /// Of what is asked now and what was last: as they may have an element for each query and key,
  /// no more are kept. Who reads masked scores asks for them next.
  llvm::DenseMap<mlir::Value, RankTensor> known;
  std::pair<mlir::Value, Signs> lastFactor;
  unsigned depth = 0;
};

} // namespace quern::passes
