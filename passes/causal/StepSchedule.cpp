#include "passes/causal/StepSchedule.h"

#include "passes/causal/Grids.h"
#include "passes/causal/OrderedSum.h"
#include "passes/causal/OrderedView.h"

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

bool comesLater(const Trigger &trigger, const Trigger &than) {
  return std::tuple(trigger.isAfter, trigger.lag, trigger.stage) >
         std::tuple(than.isAfter, than.lag, than.stage);
}

LogicalResult tooEarly(mlir::Operation *op) {
  return op->emitError("no step program can be derived: ")
         << op->getName().stripDialect() << " reads elements of the input that are generated later";
}

} // namespace

bool isSameBox(const Distance &distance, int64_t level) {
  return leadOf(distance, level).sign == 0;
}

LogicalResult StepSchedule::collect(StepReads &reads) {
  llvm::SmallVector<mlir::Value> pending;
  for (mlir::Value output : model.outputs)
    pending.push_back(viewOf(output, axes).root);
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
  mlir::func::FuncOp(model.function).walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *op) {
    if (readsOf.contains(op))
      needed.push_back(op);
  });
  return success();
}

/// From the position at which `op` computes an element to that at which what it reads for it was
/// computed, or to a later one.
Distance StepSchedule::ahead(mlir::Operation *op, const StepRead &read) const {
  mlir::Value own = op->getResult(0);
  auto phase = [&](mlir::Value value, size_t j) {
    auto trigger = triggers.find(value);
    bool counts = trigger == triggers.end() || static_cast<int64_t>(j) < trigger->second.level;
    auto known = phases.find(value);
    return counts && known != phases.end() ? known->second[j] : 0;
  };
  Distance by;
  for (size_t j = 0; j < axes.count(); ++j)
    by.push_back(axes.rates(read.value)[j] * read.distance[j] + phase(read.value, j) -
                 phase(own, j));
  return by;
}

/// An element that stands for several positions is computed at the first of them, or at a later one
/// where it reads what is only there then.
LogicalResult StepSchedule::choosePhase(mlir::Operation *op) {
  Distance periods = periodsOf(op, axes), own(axes.count(), 0);
  auto known = triggers.find(op->getResult(0));
  int64_t level = known == triggers.end() ? depth() : known->second.level;
  bool isLater = true;
  while (isLater) {
    for (mlir::Value result : op->getResults())
      phases[result] = own;
    isLater = llvm::any_of(readsOf[op], [&](const StepRead &read) {
      Distance by = ahead(op, read);
      Lead lead = leadOf(by, level);
      auto axis = static_cast<size_t>(lead.axis);
      if (lead.sign <= 0 || own[axis] + by[axis] >= periods[axis])
        return false;
      own[axis] += by[axis];
      return true;
    });
  }
  for (size_t j = 0; j < static_cast<size_t>(level); ++j)
    if (own[j] > 0 &&
        (axes.extents()[j] - 1) / periods[j] * periods[j] + own[j] >= axes.extents()[j])
      return op->emitError("no step program can be derived: ")
             << op->getName().stripDialect()
             << " has an element that waits for positions after the last";
  return success();
}

LogicalResult StepSchedule::choosePhases() {
  for (mlir::Value input : model.inputs) {
    phases[input] = Distance(axes.count(), 0);
    if (model.hasColours())
      phases[input].back() = model.colourOf(input);
  }
  for (mlir::Operation *op : needed)
    if (failed(choosePhase(op)))
      return failure();
  return success();
}

/// Every value is computed element by element, unless a reader needs elements to its right: then a
/// whole row at a time, with all that it is computed from in that row, `elementwise` ones apart.
LogicalResult StepSchedule::chooseLevels() {
  triggers.clear();
  for (mlir::Value input : model.inputs)
    triggers[input] = {.isAfter = true, .level = depth(), .phases = phases[input]};
  for (mlir::Operation *op : needed)
    for (mlir::Value result : op->getResults())
      triggers[result] = {.level = rowsOnly.contains(op) ? rowsOnly[op] : depth()};
  if (depth() == 1)
    return success();
  auto isElementwise = [&](mlir::Value value) {
    return model.isInput(value) || elementwise.contains(value.getDefiningOp());
  };
  for (mlir::Operation *op : llvm::reverse(needed)) {
    int64_t own = depth();
    for (mlir::Value result : op->getResults())
      own = std::min(own, triggers[result].level);
    for (const StepRead &read : readsOf[op]) {
      own = std::min(own, read.whole.value_or(own));
      // Who reads to the right of what is known element by element waits for the row.
      Lead lead = leadOf(ahead(op, read), own);
      if (lead.sign > 0 && lead.axis > 0 && isElementwise(read.value))
        own = lead.axis;
    }
    for (mlir::Value result : op->getResults())
      triggers[result].level = own;
    for (const StepRead &read : readsOf[op]) {
      Lead lead = leadOf(ahead(op, read), own);
      if (lead.sign < 0)
        continue;
      if (lead.sign > 0 && lead.axis == 0)
        return tooEarly(op);
      if (!isElementwise(read.value))
        triggers[read.value].level = std::min(triggers[read.value].level, lead.axis);
    }
  }
  return success();
}

/// Whether an op can only be computed a row at a time, whoever reads it.
bool StepSchedule::needsRow(mlir::Operation *op) const {
  return rowsOnly.contains(op) || llvm::any_of(readsOf.find(op)->second, [&](const StepRead &read) {
           return read.whole || leadOf(ahead(op, read), depth()).sign > 0;
         });
}

/// Whether an op reads all of the past as keys.
bool StepSchedule::readsKeys(mlir::Operation *op) const {
  return llvm::any_of(op->getOpOperands(),
                      [&](mlir::OpOperand &operand) { return axes.isReadAsKeys(operand); });
}

/// Whether a value has programs of its own, those that read it apart: what attention comes to,
/// since it reads the more the later it is.
bool StepSchedule::isApart(mlir::Value value) const {
  mlir::Operation *op = value.getDefiningOp();
  return op && readsKeys(op) && axes.keysAxis(value) < 0;
}

/// Whether a value is written ahead, so that all of it lies in its state alone.
bool StepSchedule::isInPieces(mlir::Value value) const {
  mlir::Operation *op = value.getDefiningOp();
  return op && spreadOf(op, axes).has_value();
}

/// An op runs as soon as all that it reads is there. Where that is a row which is only there once
/// it is complete, either its elements can be computed one by one as well, or the op too must wait
/// for the row: false, and noted in `elementwise` or `rowsOnly`.
bool StepSchedule::chooseTimes(mlir::Operation *op) {
  const Trigger known = triggers[op->getResult(0)];
  Trigger own = known;
  auto others = llvm::make_filter_range(
      readsOf[op], [&](const StepRead &read) { return read.value.getDefiningOp() != op; });
  own.periods.assign(axes.count(), 1);
  own.phases.assign(axes.count(), 0);
  for (size_t j = 0; j < static_cast<size_t>(own.level); ++j) {
    own.periods[j] = periodsOf(op, axes)[j];
    own.phases[j] = phases[op->getResult(0)][j];
  }
  for (const StepRead &read : others) {
    const Trigger &other = triggers[read.value];
    Distance by = ahead(op, read);
    if (other.isAfter && other.level < own.level && isSameBox(by, other.level)) {
      mlir::Operation *producer = read.value.getDefiningOp();
      bool readsOn = leadOf(by, own.level).sign > 0;
      if (readsOn || needsRow(producer))
        rowsOnly[op] = other.level;
      else
        elementwise.insert(producer);
      return false;
    }
    own.lag = std::max(own.lag, other.lag);
    if (by.size() == 1)
      own.lag = std::max(own.lag, other.lag + by[0]);
    bool isCurrent = isSameBox(by, own.level) && !read.isStrict;
    // The elements of a row are there when it is complete.
    bool isDuring = isCurrent && other.level > own.level;
    own.isAfter |= (isCurrent && other.isAfter) || isDuring || own.lag > 0;
  }
  if (own.isAfter != known.isAfter)
    own.stage = 0;
  for (const StepRead &read : others)
    if (const Trigger &other = triggers[read.value];
        !model.isInput(read.value) && other.isAfter == own.isAfter && other.level == own.level &&
        other.lag == own.lag && isSameBox(ahead(op, read), own.level))
      own.stage =
          std::max(own.stage, other.stage + (read.isPast || isApart(read.value) ||
                                             isInPieces(read.value) || !own.isTogetherWith(other)));
  for (mlir::Value result : op->getResults())
    triggers[result] = own;
  isSettled &= own == known;
  return true;
}

/// The body of a scan is computed in one go, as soon as all of it can be.
void StepSchedule::joinBodies() {
  llvm::DenseMap<mlir::Operation *, Trigger> latest;
  auto bodies = llvm::make_filter_range(
      needed, [](mlir::Operation *op) { return llvm::isa<ir::ScanOp>(op->getParentOp()); });
  for (mlir::Operation *op : bodies) {
    const Trigger &own = triggers[op->getResult(0)];
    Trigger &body = latest.try_emplace(op->getParentOp(), own).first->second;
    if (comesLater(own, body))
      body = own;
    body.lag = std::max(body.lag, own.lag);
  }
  for (mlir::Operation *op : bodies) {
    Trigger joined = latest[op->getParentOp()];
    const Trigger &own = triggers[op->getResult(0)];
    joined.level = own.level;
    joined.periods = own.periods;
    joined.phases = own.phases;
    isSettled &= joined == triggers[op->getResult(0)];
    for (mlir::Value result : op->getResults())
      triggers[result] = joined;
  }
}

/// What is computed of keys is computed where it is read: there is no state for it. Where that
/// reads what follows from it by way of keys, no time is late enough.
void StepSchedule::joinKeys() {
  for (mlir::Operation *op : llvm::reverse(needed))
    for (mlir::Value operand : op->getOperands()) {
      if (axes.keysAxis(operand) < 0)
        continue;
      const Trigger reader = triggers[op->getResult(0)];
      if (!comesLater(reader, triggers[operand]) ||
          reader.stage > static_cast<int64_t>(needed.size()))
        continue;
      triggers[operand] = reader;
      isSettled = false;
    }
}

/// What a scan carries goes round: times are raised until all of it agrees.
bool StepSchedule::chooseAllTimes() {
  do {
    isSettled = true;
    if (!llvm::all_of(needed, [&](mlir::Operation *op) { return chooseTimes(op); }))
      return false;
    joinBodies();
    joinKeys();
  } while (!isSettled);
  return true;
}

/// Refuses what is needed a row at a time and cannot be computed so; notes the scans along rows.
LogicalResult StepSchedule::checkLevel(mlir::Operation *op) {
  mlir::Value result = op->getResult(0);
  for (mlir::Value operand : op->getOperands())
    if (axes.keysAxis(operand) >= 0 && of(operand) != of(result))
      return op->emitError("no step program can be derived: ")
             << op->getName().stripDialect() << " reads weights again for what comes of them";
  auto level = static_cast<size_t>(of(result).level);
  if (axes.sharedAxis(result) >= 0 && level < axes.count())
    return op->emitError("no step program can be derived: ")
           << op->getName().stripDialect()
           << " is needed a row at a time, and gives a raster as one axis";
  if (llvm::isa<ir::ScanOp>(op))
    for (size_t ordered = 0; ordered < level; ++ordered)
      if (axes.of(result)[ordered] >= 0 && axes.extents()[ordered] > 1)
        return op->emitError("no step program can be derived: scan is needed a row at a time, and "
                             "its body computes all rows");
  for (size_t ordered = level; ordered < axes.count(); ++ordered)
    if (axes.of(result)[ordered] == oneStep)
      needWhole.insert(axes.scanAround(op, ordered));
  return success();
}

/// Where a dense layer has one unit for a position, what it reads of its weight is one stretch,
/// long or short. Several would have to be copied together.
void StepSchedule::findGrowing(const StepReads &reads) {
  for (mlir::Operation *op : needed) {
    std::optional<OrderedSum> sum = orderedSumOf(op, axes);
    mlir::RankedTensorType weight = ir::tensorType(op->getOperand(sum ? sum->weight : 0));
    bool isStretch =
        sum && weight.getNumElements() == weight.getDimSize(sum->from) * weight.getDimSize(sum->to);
    auto attention = llvm::dyn_cast<ir::AttentionOp>(op);
    bool hasWindow = attention && reads.keyWindow(attention) != 0;
    if ((readsKeys(op) && !hasWindow) || isStretch)
      growing.insert(of(op->getResult(0)));
  }
  // What is written ahead for several positions is written by one program.
  for (mlir::Operation *op : needed)
    if (spreadOf(op, axes))
      growing.erase(of(op->getResult(0)));
}

FailureOr<StepSchedule> StepSchedule::plan(const SteppedModel &model, const OrderedAxes &axes,
                                           StepReads &reads) {
  StepSchedule schedule(model, axes);
  if (failed(schedule.collect(reads)))
    return failure();
  // Phases count along the axes that a level leaves, of all axes at first. Each round that does not
  // succeed lowers an op's level, or lets it keep its own.
  do {
    schedule.triggers.clear();
    for ([[maybe_unused]] bool areLevelsKnown : {false, true})
      if (failed(schedule.choosePhases()) || failed(schedule.chooseLevels()))
        return failure();
  } while (!schedule.chooseAllTimes());
  for (mlir::Operation *op : schedule.needed)
    if (failed(schedule.checkLevel(op)))
      return failure();
  schedule.findGrowing(reads);
  return schedule;
}

} // namespace quern::passes
