// When each value of a causal model is computed while a sequence is generated position by position.
#pragma once

#include "passes/causal/StepReads.h"

#include <compare>

namespace quern::passes {

/// When the box of a value is computed. The box is one element along the first `level` ordered axes
/// and everything along the others.
struct Trigger {
  /// Once the box's own elements of the input are known, or before.
  bool isAfter = false;
  int64_t level = 0;
  /// How many positions behind the known one (streaming with look-ahead).
  int64_t lag = 0;
  /// Values that read all of the past come a stage after what they read.
  int64_t stage = 0;

  bool operator==(const Trigger &) const = default;
  /// The order within one step: rows before elements while a position is predicted, elements before
  /// rows once it is known.
  std::strong_ordering operator<=>(const Trigger &other) const {
    int64_t own = isAfter ? -level : level, others = other.isAfter ? -other.level : other.level;
    return std::tuple(isAfter, own, lag, stage) <=>
           std::tuple(other.isAfter, others, other.lag, other.stage);
  }
};

/// Whether what lies at `distance` belongs to the same box at `level`.
bool isSameBox(const Distance &distance, int64_t level);

class StepSchedule {
public:
  /// Schedules all ops that the contract's output needs; each element of each value is computed
  /// once. Fails, naming the op, where an element would have to be computed before what it reads.
  static mlir::FailureOr<StepSchedule> plan(mlir::func::FuncOp model, ir::CausalAttr contract,
                                            const OrderedAxes &axes, StepReads &reads);

  /// The ops to compute, views and what does not depend on the input apart, in the model's order.
  llvm::ArrayRef<mlir::Operation *> ops() const { return needed; }
  /// When a root (the input, or a result of one of the ops) is there.
  const Trigger &of(mlir::Value root) const { return triggers.find(root)->second; }

private:
  mlir::LogicalResult collect(mlir::Value output, StepReads &reads);
  mlir::LogicalResult chooseLevels(mlir::Value input, int64_t depth);
  bool chooseTimes(mlir::Operation *op);

  llvm::SmallVector<mlir::Operation *> needed;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<StepRead>> readsOf;
  llvm::DenseMap<mlir::Value, Trigger> triggers;
  /// Ops that cannot be computed element by element, and at which level they can.
  llvm::DenseMap<mlir::Operation *, int64_t> rowsOnly;
};

} // namespace quern::passes
