#include "passes/causal/StepSchedule.h"

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::success;

/// The first axis among the first `level` along which `distance` leads away, and its sign; axis
/// `level` where it does not.
struct Lead {
  int64_t axis;
  int64_t sign;
};
Lead leadOf(const Distance &distance, int64_t level) {
  for (int64_t axis = 0; axis < level; ++axis)
    if (int64_t by = distance[static_cast<size_t>(axis)]; by != 0)
      return {axis, by < 0 ? -1 : 1};
  return {level, 0};
}

LogicalResult tooEarly(mlir::Operation *op) {
  return op->emitError("no step program can be derived: ")
         << op->getName().stripDialect() << " reads elements of the input that are generated later";
}

} // namespace

bool isSameBox(const Distance &distance, int64_t level) {
  return leadOf(distance, level).sign == 0;
}

LogicalResult StepSchedule::collect(mlir::Value output, StepReads &reads) {
  llvm::SmallVector<mlir::Value> pending{output};
  while (!pending.empty()) {
    mlir::Operation *op = pending.pop_back_val().getDefiningOp();
    if (!op || readsOf.contains(op))
      continue;
    FailureOr<llvm::SmallVector<StepRead>> found = reads.of(op);
    if (failed(found))
      return failure();
    for (const StepRead &read : *found)
      pending.push_back(read.value);
    readsOf[op] = std::move(*found);
  }
  for (mlir::Operation &op : *output.getParentBlock())
    if (readsOf.contains(&op))
      needed.push_back(&op);
  return success();
}

/// Every value is computed element by element, unless a reader needs elements to its right: then a
/// whole row at a time, with all that it is computed from in that row.
LogicalResult StepSchedule::chooseLevels(mlir::Value input, int64_t depth) {
  triggers.clear();
  triggers[input] = {.isAfter = true, .level = depth};
  for (mlir::Operation *op : needed)
    for (mlir::Value result : op->getResults())
      triggers[result] = {.level = rowsOnly.contains(op) ? rowsOnly[op] : depth};
  if (depth == 1)
    return success();
  for (mlir::Operation *op : llvm::reverse(needed)) {
    int64_t own = depth;
    for (mlir::Value result : op->getResults())
      own = std::min(own, triggers[result].level);
    for (mlir::Value result : op->getResults())
      triggers[result].level = own;
    for (const StepRead &read : readsOf[op]) {
      Lead lead = leadOf(read.distance, own);
      if (lead.sign < 0)
        continue;
      if (lead.sign > 0 && (lead.axis == 0 || read.value == input))
        return tooEarly(op);
      if (read.value != input)
        triggers[read.value].level = std::min(triggers[read.value].level, lead.axis);
    }
  }
  return success();
}

/// An op runs as soon as all that it reads is there. Where that is a row which is only there once
/// it is complete, the op too must wait for the row: false, and noted in `rowsOnly`.
bool StepSchedule::chooseTimes(mlir::Operation *op) {
  Trigger own = triggers[op->getResult(0)];
  auto others = llvm::make_filter_range(
      readsOf[op], [&](const StepRead &read) { return read.value.getDefiningOp() != op; });
  for (const StepRead &read : others) {
    const Trigger &other = triggers[read.value];
    if (other.isAfter && other.level < own.level && isSameBox(read.distance, other.level)) {
      rowsOnly[op] = other.level;
      return false;
    }
    own.lag = std::max(own.lag, other.lag);
    if (read.distance.size() == 1)
      own.lag = std::max(own.lag, other.lag + read.distance[0]);
    bool isCurrent = isSameBox(read.distance, own.level) && !read.isStrict;
    own.isAfter |= (isCurrent && other.isAfter) || own.lag > 0;
  }
  for (const StepRead &read : others)
    if (const Trigger &other = triggers[read.value];
        other.isAfter == own.isAfter && isSameBox(read.distance, own.level))
      own.stage = std::max(own.stage, other.stage + read.isPast);
  for (mlir::Value result : op->getResults())
    triggers[result] = own;
  return true;
}

FailureOr<StepSchedule> StepSchedule::plan(mlir::func::FuncOp model, ir::CausalAttr contract,
                                           const OrderedAxes &axes, StepReads &reads) {
  StepSchedule schedule;
  mlir::Value output =
      viewOf(model.front().getTerminator()->getOperand(static_cast<unsigned>(contract.getOutput())),
             axes)
          .root;
  mlir::Value input = model.getArgument(static_cast<unsigned>(contract.getInput()));
  if (failed(schedule.collect(output, reads)))
    return failure();
  // Each round that does not succeed lowers an op's level.
  while (true) {
    if (failed(schedule.chooseLevels(input, static_cast<int64_t>(axes.count()))))
      return failure();
    if (llvm::all_of(schedule.needed,
                     [&](mlir::Operation *op) { return schedule.chooseTimes(op); }))
      return schedule;
  }
}

} // namespace quern::passes
