// When each value of a causal model is computed while a sequence is generated position by position.
#pragma once

#include "passes/causal/StepReads.h"

#include <compare>
#include <set>

namespace quern::passes {

/// When the box of a value is computed. The box is one element along the first `level` ordered axes
/// and everything along the others. Along the first axes, it is computed at the positions that
/// leave `phases` when divided by `periods`; along the others these are 1 and 0.
struct Trigger {
  /// Once the box's own elements of the input are known, or before.
  bool isAfter = false;
  int64_t level = 0;
  /// How many positions behind the known one (streaming with look-ahead).
  int64_t lag = 0;
  /// Values that read all of the past come a stage after what they read, and so do values with
  /// other periods or phases than what they read.
  int64_t stage = 0;
  /// Of a program for some positions only: from the first up to the second, which is not one of
  /// them; 0: for all.
  int64_t from = 0, until = 0;
  Distance periods = {}, phases = {};

  bool operator==(const Trigger &) const = default;
  /// The order within one step: rows before elements while a position is predicted, elements before
  /// rows once it is known.
  std::strong_ordering operator<=>(const Trigger &other) const {
    int64_t own = isAfter ? -level : level, others = other.isAfter ? -other.level : other.level;
    if (auto order = std::tuple(isAfter, own, lag, stage, until) <=>
                     std::tuple(other.isAfter, others, other.lag, other.stage, other.until);
        order != 0)
      return order;
    if (periods != other.periods)
      return periods < other.periods ? std::strong_ordering::less : std::strong_ordering::greater;
    if (phases != other.phases)
      return phases < other.phases ? std::strong_ordering::less : std::strong_ordering::greater;
    return std::strong_ordering::equal;
  }
  bool isTogetherWith(const Trigger &other) const {
    return periods == other.periods && phases == other.phases;
  }
};

/// Whether what lies at `distance` belongs to the same box at `level`.
bool isSameBox(const Distance &distance, int64_t level);

class StepSchedule {
public:
  /// Schedules all ops that the contract's output needs; each element of each value is computed
  /// once. Fails, naming the op, where an element would have to be computed before what it reads.
  static mlir::FailureOr<StepSchedule> plan(const SteppedModel &model, const OrderedAxes &axes,
                                            StepReads &reads);

  /// The ops to compute, views and what does not depend on the input apart, in the model's order.
  llvm::ArrayRef<mlir::Operation *> ops() const { return needed; }
  /// Scans whose bodies would be needed a row at a time: the schedule holds once they are whole.
  const WholeScans &scansToBeWhole() const { return needWhole; }
  /// When a root (the input, or a result of one of the ops) is there.
  const Trigger &of(mlir::Value root) const { return triggers.find(root)->second; }
  /// Whether what runs then reads the more the later it is: all that attention or a dense layer may
  /// look back at. It has programs for several ranges of positions.
  bool grows(const Trigger &when) const { return growing.contains(when); }
  /// Whether a root is computed at all.
  bool contains(mlir::Value root) const { return triggers.contains(root); }

private:
  StepSchedule(const SteppedModel &model, const OrderedAxes &axes) : model(model), axes(axes) {}

  mlir::LogicalResult collect(StepReads &reads);
  mlir::LogicalResult choosePhases();
  mlir::LogicalResult choosePhase(mlir::Operation *op);
  mlir::LogicalResult chooseLevels();
  bool isInPieces(mlir::Value value) const;
  bool needsRow(mlir::Operation *op) const;
  bool readsKeys(mlir::Operation *op) const;
  bool isApart(mlir::Value value) const;
  bool chooseTimes(mlir::Operation *op);
  void joinBodies();
  void joinKeys();
  bool chooseAllTimes();
  mlir::LogicalResult checkLevel(mlir::Operation *op);
  void findGrowing(const StepReads &reads);
  Distance ahead(mlir::Operation *op, const StepRead &read) const;
  int64_t depth() const { return static_cast<int64_t>(axes.count()); }

  const SteppedModel &model;
  const OrderedAxes &axes;
  llvm::SmallVector<mlir::Operation *> needed;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<StepRead>> readsOf;
  llvm::DenseMap<mlir::Value, Trigger> triggers;
  /// The phases of all values, along the axes on which their levels let them count.
  llvm::DenseMap<mlir::Value, Distance> phases;
  WholeScans needWhole;
  std::set<Trigger> growing;
  /// Whether no time has changed in a round.
  bool isSettled = true;
  /// Ops that cannot be computed element by element, and at which level they can.
  llvm::DenseMap<mlir::Operation *, int64_t> rowsOnly;
  /// Ops whose elements are needed before their row is complete, although some reader takes rows.
  llvm::SmallPtrSet<mlir::Operation *, 8> elementwise;
};

} // namespace quern::passes
