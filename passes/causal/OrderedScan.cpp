// Scans along the order. Their bodies are ops like all others, at one position: what is carried is
// what the body gave one position before.
#include "passes/causal/ConstantElements.h"
#include "passes/causal/OrderedAxes.h"
#include "passes/causal/OrderedView.h"

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::LogicalResult;
using mlir::success;

LogicalResult refuse(ir::ScanOp scan, const llvm::Twine &why) {
  return scan->emitError("no step program can be derived: scan ") << why;
}

/// Whether `value` is what a scan carries, of which its body will only tell what it is.
bool isCarried(mlir::Value value) {
  auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
  auto scan = argument ? llvm::dyn_cast<ir::ScanOp>(argument.getOwner()->getParentOp()) : nullptr;
  if (!scan)
    return false;
  size_t first = scan.getSequences().size();
  return argument.getArgNumber() >= first &&
         argument.getArgNumber() < first + scan.getInits().size();
}

/// The axes of a sequence's elements, which lack axis `axis`.
OrderedMap withoutAxis(const OrderedMap &map, size_t ordered, int64_t axis) {
  OrderedMap inside = map;
  for (int64_t &own : inside)
    own = own > axis ? own - 1 : own;
  inside[ordered] = oneStep;
  return inside;
}

/// The axes of a result, in which the body's value has a further axis `axis`.
OrderedMap withAxis(const OrderedMap &map, size_t ordered, int64_t axis) {
  OrderedMap outside = map;
  for (int64_t &own : outside)
    own = own >= axis ? own + 1 : own;
  outside[ordered] = axis;
  return outside;
}

} // namespace

const StepLink *OrderedAxes::linkOf(mlir::Value value) const {
  auto found = links.find(value);
  return found == links.end() ? nullptr : &found->second;
}

mlir::Operation *OrderedAxes::scanAround(mlir::Operation *op, size_t ordered) const {
  while (true) {
    op = op->getParentOp();
    if (auto found = scans.find(op); found != scans.end() && found->second == ordered)
      return op;
  }
}

/// The axes of the body's values. What is carried has those that the body gives it: once more for
/// each value, since they come from the sequences by way of the others.
LogicalResult OrderedAxes::enterBody(ir::ScanOp scan, size_t ordered) {
  mlir::Block &body = scan.getBody().front();
  auto carried = body.getArguments().drop_front(scan.getSequences().size());
  auto next = body.getTerminator()->getOperands();
  for (size_t round = 0; round <= next.size(); ++round) {
    for (mlir::Operation &op : body.without_terminator())
      if (failed(enter(&op)))
        return failure();
    for (auto [argument, value] : llvm::zip(carried, next)) {
      mlir::Operation *source = value.getDefiningOp();
      while (isOrderedView(source, *this))
        source = source->getOperand(0).getDefiningOp();
      bool isComputed = source && isGenerated(value);
      if (!isComputed && round == next.size())
        return refuse(scan, "carries a value that its body does not compute from the sequence");
      if (!isComputed)
        continue;
      OrderedMap map = of(value);
      maps[argument] = map;
      ratesOfValues[argument] = Distance(rates(value));
      links[argument] = {value, ordered, -1};
    }
  }
  return success();
}

LogicalResult OrderedAxes::enterScan(ir::ScanOp scan) {
  std::optional<size_t> ordered;
  auto arguments = scan.getBody().getArguments();
  for (auto [sequence, axis, argument] :
       llvm::zip(scan.getSequences(), scan.getAxes(), arguments)) {
    if (!isGenerated(sequence))
      continue;
    std::optional<size_t> own = orderedAxis(sequence, axis);
    if (!own || sharedAxis(sequence) == axis || (ordered && *ordered != *own) ||
        scan.getSteps() != extentsOfOrder[*own])
      return refuse(scan, "runs along an axis that is none of the order's, or a part of one");
    ordered = own;
    maps[argument] = withoutAxis(of(sequence), *own, axis);
    ratesOfValues[argument] = Distance(rates(sequence));
    links[argument] = {sequence, *own};
  }
  for (mlir::Value other : llvm::concat<mlir::Value>(scan.getInits(), scan.getInvariants()))
    if (isGenerated(other))
      return refuse(scan, "begins with, or keeps, what is generated");
  if (!ordered)
    return refuse(scan, "begins with, or keeps, what is generated");
  for (auto [sequence, axis, argument] :
       llvm::zip(scan.getSequences(), scan.getAxes(), arguments)) {
    if (isGenerated(sequence) || isCarried(sequence))
      continue;
    if (count() > 1)
      return refuse(scan, "along an axis of a raster has a sequence that is not generated");
    maps[argument] = {oneStep};
    ratesOfValues[argument] = {1};
    links[argument] = {sequence, *ordered, 0, {axis}};
  }
  for (mlir::Value init : scan.getInits())
    if (count() > 1 && !isZeros(init))
      return refuse(scan, "along an axis of a raster begins with other values than zeros");
  if (failed(enterBody(scan, *ordered)))
    return failure();
  scans[scan] = *ordered;
  mlir::Operation *end = scan.getBody().front().getTerminator();
  for (auto [result, next, axis] :
       llvm::zip_equal(scan.getStacked(), end->getOperands(), scan.getResultAxes())) {
    maps[result] = withAxis(of(next), *ordered, axis);
    ratesOfValues[result] = Distance(rates(next));
    if (!wholes.contains(scan))
      links[result] = {next, *ordered};
  }
  return success();
}

} // namespace quern::passes
