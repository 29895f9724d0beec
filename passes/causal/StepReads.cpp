#include "passes/causal/StepReads.h"

#include "ir/HostTensor.h"
#include "passes/causal/Grids.h"
#include "passes/causal/KeyWindow.h"
#include "passes/causal/KnownRanges.h"
#include "passes/causal/OrderedView.h"

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::succeeded;
using mlir::success;

/// Whether some weight of the tap for the channels [first, end), of those that a group has, may be
/// other than zero.
bool isKept(const RankTensor &nonzero, llvm::ArrayRef<int64_t> tap, int64_t first, int64_t end) {
  end = std::min(end, nonzero.shape()[1]);
  llvm::SmallVector<int64_t> index{0, 0};
  index.append(tap.begin(), tap.end());
  for (index[0] = 0; index[0] < nonzero.extents()[0]; ++index[0])
    for (index[1] = first; index[1] < end; ++index[1])
      if (nonzero.at(index) != 0)
        return true;
  return false;
}

} // namespace

const StepReads::Window &StepReads::window(ir::ConvOp conv) {
  std::unique_ptr<Window> &entry = known[conv];
  if (entry)
    return *entry;
  entry = std::make_unique<Window>();
  std::optional<RankTensor> nonzero = possiblyNonzero(conv.getWeight());
  entry->parts.push_back(conv.getInput());
  auto concat = conv.getInput().getDefiningOp<ir::ConcatOp>();
  if (conv.getGroups() == 1 && concat && concat.getAxis() == 1 &&
      llvm::all_of(concat.getInputs(), [&](mlir::Value part) { return axes.isGenerated(part); }))
    entry->parts.assign(concat.getInputs().begin(), concat.getInputs().end());
  int64_t first = 0;
  for (size_t part = 0; part < entry->parts.size(); ++part) {
    int64_t end = first + ir::tensorType(entry->parts[part]).getDimSize(1);
    addTaps(
        conv, part,
        [&](llvm::ArrayRef<int64_t> tap) { return !nonzero || isKept(*nonzero, tap, first, end); },
        *entry);
    first = end;
  }
  return *entry;
}

void StepReads::addTaps(ir::ConvOp conv, size_t part,
                        llvm::function_ref<bool(llvm::ArrayRef<int64_t>)> isKept,
                        Window &window) const {
  ir::forEachIndex(conv.getKernel(), [&](llvm::ArrayRef<int64_t> index) {
    for (size_t spatial = 0; spatial < index.size(); ++spatial)
      if (!slidingAxis(conv, spatial).isEverInside(index[spatial]))
        return;
    if (!isKept(index))
      return;
    Tap tap{part, llvm::SmallVector<int64_t, 3>(index.size(), 0), here()};
    for (size_t spatial = 0; spatial < index.size(); ++spatial)
      if (auto ordered = axes.orderedAxis(conv.getInput(), static_cast<int64_t>(spatial) + 2)) {
        tap.place[spatial] = index[spatial];
        tap.distance[*ordered] = slidingAxis(conv, spatial).distance(index[spatial]);
      }
    if (!llvm::any_of(window.taps, [&](const Tap &other) {
          return other.part == part && other.place == tap.place;
        }))
      window.taps.push_back(tap);
  });
}

/// Notes a read through views. Where a view cuts elements off that its root has, none of those may
/// be read: they count as zeros.
LogicalResult StepReads::add(mlir::Operation *op, mlir::Value operand, const Distance &distance,
                             llvm::SmallVectorImpl<StepRead> &reads) {
  if (!axes.isGenerated(operand))
    return success();
  OrderedView view = viewOf(operand, axes);
  if (!axes.isGenerated(view.root))
    return success();
  Distance total, periods = periodsOf(op, axes);
  for (size_t j = 0; j < axes.count(); ++j) {
    total.push_back(distance[j] + view.distance[j]);
    int64_t axis = axes.of(view.root)[j];
    if (axis == -1)
      continue;
    int64_t extent = axis < 0 ? axes.extents()[j] : ir::tensorType(view.root).getDimSize(axis);
    int64_t rate = axes.rates(view.root)[j];
    int64_t known = llvm::divideCeilSigned(axes.extents()[j], rate);
    if (view.low[j] <= 0 && view.high[j] >= extent && extent <= known)
      continue;
    for (int64_t p = 0; p < axes.extents()[j]; p += periods[j]) {
      int64_t at = p / rate + total[j];
      bool isCut = at < view.low[j] || at >= view.high[j];
      if (!isCut && at >= known && at < extent)
        return op->emitError("no step program can be derived: ")
               << op->getName().stripDialect()
               << " reads what is computed behind the last position";
      if (at >= 0 && at < extent && isCut)
        return op->emitError("no step program can be derived: ")
               << op->getName().stripDialect()
               << " reads zeros where a slice cut elements off that others may read";
    }
  }
  if (!llvm::any_of(reads, [&](const StepRead &read) {
        return read.value == view.root && read.distance == total && !read.isPast;
      }))
    reads.push_back({view.root, total});
  return success();
}

LogicalResult StepReads::addConv(ir::ConvOp conv, llvm::SmallVectorImpl<StepRead> &reads) {
  if (axes.isGenerated(conv.getWeight()))
    return conv.emitError("no step program can be derived: the weight depends on the input");
  for (const Tap &tap : taps(conv))
    if (failed(add(conv, parts(conv)[tap.part], tap.distance, reads)))
      return failure();
  return success();
}

/// Of places along an axis without order the first stands for all.
LogicalResult StepReads::addPool(ir::WindowReduceOp pool, llvm::SmallVectorImpl<StepRead> &reads) {
  LogicalResult result = success();
  ir::forEachIndex(pool.getWindow(), [&](llvm::ArrayRef<int64_t> place) {
    Distance distance = here();
    for (size_t spatial = 0; spatial < place.size(); ++spatial) {
      SlidingAxis axis = slidingAxis(pool, spatial);
      auto ordered = axes.orderedAxis(pool.getInput(), static_cast<int64_t>(spatial) + 2);
      if (ordered ? !axis.isEverInside(place[spatial]) : place[spatial] > 0)
        return;
      if (ordered)
        distance[*ordered] = axis.distance(place[spatial]);
    }
    if (succeeded(result))
      result = add(pool, pool.getInput(), distance, reads);
  });
  return result;
}

LogicalResult StepReads::addAttention(ir::AttentionOp attention,
                                      llvm::SmallVectorImpl<StepRead> &reads) {
  if (failed(add(attention, attention.getQuery(), here(), reads)))
    return failure();
  if (!axes.isGenerated(attention.getKey()))
    return success();
  if (!attention.getMask())
    return attention.emitError(
        "no step program can be derived: attention has no mask, and reads all keys");
  std::vector<KeyRange> admitted = admittedRanges(attention.getMask());
  int64_t last = -1;
  for (auto [place, range] : llvm::enumerate(admitted)) {
    auto query = static_cast<int64_t>(place);
    if (range.last - query > latency)
      return attention.emitError("no step program can be derived: the mask admits key ")
             << range.last << " to query " << query;
    last = std::max(last, range.last - query);
  }
  keysBehind[attention] = std::max<int64_t>(last, 0);
  // The keys of a raster's window would be parts of several rows.
  if (axes.count() == 1)
    windows[attention] = windowOf(attention.getMask(), admitted);
  for (mlir::Value operand : {attention.getKey(), attention.getValue()})
    if (failed(addPast(attention, operand, last, reads)))
      return failure();
  return success();
}

/// Notes that an op reads all of an operand up to the element at distance `last` from its own.
LogicalResult StepReads::addPast(mlir::Operation *op, mlir::Value operand, int64_t last,
                                 llvm::SmallVectorImpl<StepRead> &reads) {
  OrderedView view = viewOf(operand, axes);
  if (view.distance != here() || axes.of(view.root) != axes.of(operand))
    return op->emitError("no step program can be derived: ")
           << op->getName().stripDialect() << " reads all of an operand that is shifted";
  Distance distance = here();
  distance.back() = std::max<int64_t>(last, 0);
  reads.push_back({view.root, distance, /*isPast=*/true, /*isStrict=*/last < 0});
  return success();
}

/// An op over keys reads those that are not excluded from what it leads to.
LogicalResult StepReads::addOverKeys(mlir::Operation *op, llvm::SmallVectorImpl<StepRead> &reads) {
  int64_t last = farthestKey.of(op);
  if (last > latency / axes.rates(op->getResult(0)).back())
    return op->emitError("no step program can be derived: ")
           << op->getName().stripDialect() << " reads keys up to " << last
           << " after the query's own place that no zero of a mask hides";
  keysBehind[op] = std::max<int64_t>(last, 0);
  for (mlir::OpOperand &operand : op->getOpOperands())
    if (failed(axes.isReadAsKeys(operand) ? addPast(op, operand.get(), last, reads)
                                          : add(op, operand.get(), here(), reads)))
      return failure();
  return success();
}

/// A dense layer reads what its masked weight lets through.
LogicalResult StepReads::addSum(ir::ContractOp contract, const OrderedSum &sum,
                                llvm::SmallVectorImpl<StepRead> &reads) {
  std::optional<RankTensor> nonzero = possiblyNonzero(contract->getOperand(sum.weight));
  if (!nonzero)
    return contract.emitError("no step program can be derived: the weight has no mask");
  llvm::SmallVector<int64_t> element(nonzero->shape().size(), 0);
  for (int64_t axis = 0; axis < static_cast<int64_t>(element.size()); ++axis)
    if (axis != sum.from && axis != sum.to)
      nonzero->raiseAlong(axis);
  bool isStrict = true;
  for (int64_t at = 0; at < axes.extents()[0]; ++at) {
    element[sum.to] = at;
    for (int64_t read = at; read < axes.extents()[0]; ++read) {
      element[sum.from] = read;
      bool isRead = nonzero->at(element) != 0;
      if (isRead && read > at)
        return contract.emitError("no step program can be derived: the weight reads position ")
               << read << " for position " << at;
      isStrict = isStrict && !isRead;
    }
  }
  return addPast(contract, contract->getOperand(sum.sequence), isStrict ? -1 : 0, reads);
}

FailureOr<llvm::SmallVector<StepRead>> StepReads::of(mlir::Operation *op) {
  llvm::SmallVector<StepRead> reads;
  LogicalResult result = success();
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op)) {
    result = addConv(conv, reads);
  } else if (auto pool = llvm::dyn_cast<ir::WindowReduceOp>(op)) {
    result = addPool(pool, reads);
  } else if (auto attention = llvm::dyn_cast<ir::AttentionOp>(op)) {
    result = addAttention(attention, reads);
  } else if (axes.overKeys(op)) {
    result = addOverKeys(op, reads);
  } else if (auto sum = orderedSumOf(op, axes)) {
    result = addSum(llvm::cast<ir::ContractOp>(op), *sum, reads);
  } else if (auto slice = llvm::dyn_cast<ir::SliceOp>(op)) {
    // One that also cuts along other axes, where it moves along ordered ones.
    Distance distance = here();
    for (size_t j = 0; j < axes.count(); ++j)
      if (int64_t axis = axes.of(slice.getInput())[j]; axis >= 0)
        distance[j] = slice.getStarts()[static_cast<size_t>(axis)];
    result = add(op, slice.getInput(), distance, reads);
  } else {
    for (mlir::Value operand : op->getOperands())
      if (failed(add(op, operand, here(), reads)))
        return failure();
  }
  if (failed(result))
    return failure();
  if (std::optional<size_t> ordered = axes.axisReadWhole(op))
    for (StepRead &read : reads)
      read.whole = static_cast<int64_t>(*ordered);
  return reads;
}

} // namespace quern::passes
