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
  /// Of a program for some positions only: from the first up to the second, which is not one of
  /// them; 0: for all.
  int64_t from = 0, until = 0;

  bool operator==(const Trigger &) const = default;
  /// The order within one step: rows before elements while a position is predicted, elements before
  /// rows once it is known.
  std::strong_ordering operator<=>(const Trigger &other) const {
    int64_t own = isAfter ? -level : level, others = other.isAfter ? -other.level : other.level;
    return std::tuple(isAfter, own, lag, stage, until) <=>
           std::tuple(other.isAfter, others, other.lag, other.stage, other.until);
  }
};

/// Whether what lies at `distance` belongs to the same box at `level`.
bool isSameBox(const Distance &distance, int64_t level);

/// Whether a value has programs of its own: attention, since it reads the more the later it is.
bool isApart(mlir::Value value);

class StepSchedule {
public:
  /// Schedules all ops that the contract's output needs; each element of each value is computed
  /// once. Fails, naming the op, where an element would have to be computed before what it reads.
  static mlir::FailureOr<StepSchedule> plan(mlir::func::FuncOp model, ir::CausalAttr contract,
                                            const OrderedAxes &axes, StepReads &reads);

  /// The ops to compute, views and what does not depend on the input apart, in the model's order.
  llvm::ArrayRef<mlir::Operation *> ops() const { return needed; }
  /// Scans whose bodies would be needed a row at a time: the schedule holds once they are whole.
  const WholeScans &scansToBeWhole() const { return needWhole; }
  /// When a root (the input, or a result of one of the ops) is there.
  const Trigger &of(mlir::Value root) const { return triggers.find(root)->second; }
  /// Whether a root is computed at all.
  bool contains(mlir::Value root) const { return triggers.contains(root); }

private:
  mlir::LogicalResult collect(mlir::func::FuncOp model, mlir::Value output, StepReads &reads);
  mlir::LogicalResult chooseLevels(mlir::Value input, int64_t depth);
  bool needsRow(mlir::Operation *op, int64_t depth) const;
  bool chooseTimes(mlir::Operation *op);
  void joinBodies();
  bool chooseAllTimes();
  mlir::LogicalResult checkLevel(mlir::Operation *op, const OrderedAxes &axes);

  llvm::SmallVector<mlir::Operation *> needed;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<StepRead>> readsOf;
  llvm::DenseMap<mlir::Value, Trigger> triggers;
  WholeScans needWhole;
  /// Whether no time has changed in a round.
  bool isSettled = true;
  /// Ops that cannot be computed element by element, and at which level they can.
  llvm::DenseMap<mlir::Operation *, int64_t> rowsOnly;
  /// Ops whose elements are needed before their row is complete, although some reader takes rows.
  llvm::SmallPtrSet<mlir::Operation *, 8> elementwise;
};

} // namespace quern::passes
