#include "passes/causal/StepReads.h"

#include "ir/HostTensor.h"
#include "passes/causal/StructuralZeros.h"

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::success;

/// Whether some weight of the tap may be other than zero.
bool isKept(const RankTensor &nonzero, llvm::ArrayRef<int64_t> tap) {
  llvm::SmallVector<int64_t> index{0, 0};
  index.append(tap.begin(), tap.end());
  for (index[0] = 0; index[0] < nonzero.extents()[0]; ++index[0])
    for (index[1] = 0; index[1] < nonzero.extents()[1]; ++index[1])
      if (nonzero.at(index) != 0)
        return true;
  return false;
}

} // namespace

llvm::ArrayRef<Tap> StepReads::taps(ir::ConvOp conv) {
  auto [entry, isNew] = known.try_emplace(conv);
  llvm::SmallVector<Tap> &taps = entry->second;
  if (!isNew)
    return taps;
  std::optional<RankTensor> nonzero = possiblyNonzero(conv.getWeight());
  ir::forEachIndex(conv.getKernel(), [&](llvm::ArrayRef<int64_t> index) {
    if (nonzero && !isKept(*nonzero, index))
      return;
    Tap tap{llvm::SmallVector<int64_t, 3>(index.size(), 0), here()};
    for (size_t spatial = 0; spatial < index.size(); ++spatial)
      if (auto ordered = axes.orderedAxis(conv.getInput(), static_cast<int64_t>(spatial) + 2)) {
        tap.place[spatial] = index[spatial];
        tap.distance[*ordered] =
            index[spatial] * conv.getDilations()[spatial] - conv.getPadLow()[spatial];
      }
    if (!llvm::any_of(taps, [&](const Tap &other) { return other.place == tap.place; }))
      taps.push_back(tap);
  });
  return taps;
}

/// Notes a read through views. Where a view cuts elements off that its root has, none of those may
/// be read: they count as zeros.
LogicalResult StepReads::add(mlir::Operation *op, mlir::Value operand, const Distance &distance,
                             llvm::SmallVectorImpl<StepRead> &reads) {
  if (!axes.isGenerated(operand))
    return success();
  OrderedView view = viewOf(operand, axes);
  Distance total;
  for (size_t j = 0; j < axes.count(); ++j) {
    total.push_back(distance[j] + view.distance[j]);
    int64_t axis = axes.of(view.root)[j];
    int64_t extent = axis < 0 ? axes.extents()[j] : ir::tensorType(view.root).getDimSize(axis);
    for (int64_t p = 0; p < axes.extents()[j]; ++p) {
      int64_t at = p + total[j];
      bool isCut = at < view.low[j] || at >= view.high[j];
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
    if (failed(add(conv, conv.getInput(), tap.distance, reads)))
      return failure();
  return success();
}

LogicalResult StepReads::addAttention(ir::AttentionOp attention,
                                      llvm::SmallVectorImpl<StepRead> &reads) {
  std::optional<RankTensor> mask =
      attention.getMask() ? constantElements(attention.getMask()) : std::nullopt;
  if (!mask)
    return attention.emitError(
        "no step program can be derived: attention needs a mask that is known "
        "when the model is compiled");
  bool isStrict = true;
  for (int64_t i = 0; i < mask->shape()[0]; ++i)
    for (int64_t j = i; j < mask->shape()[1]; ++j) {
      bool isAdmitted = mask->at({i, j}) != 0;
      if (isAdmitted && j > i)
        return attention.emitError("no step program can be derived: the mask admits key ")
               << j << " to query " << i;
      isStrict = isStrict && !isAdmitted;
    }
  if (failed(add(attention, attention.getQuery(), here(), reads)))
    return failure();
  for (mlir::Value operand : {attention.getKey(), attention.getValue()}) {
    OrderedView view = viewOf(operand, axes);
    if (view.distance != here())
      return attention.emitError("no step program can be derived: keys or values are shifted");
    reads.push_back({view.root, here(), /*isPast=*/true, isStrict});
  }
  return success();
}

/// The carried values of the position before are the scan's own results.
LogicalResult StepReads::addScan(ir::ScanOp scan, llvm::SmallVectorImpl<StepRead> &reads) {
  for (mlir::Value sequence : scan.getSequences())
    if (failed(add(scan, sequence, here(), reads)))
      return failure();
  for (mlir::Value result : scan.getStacked())
    reads.push_back({result, Distance{-1}});
  return success();
}

FailureOr<llvm::SmallVector<StepRead>> StepReads::of(mlir::Operation *op) {
  llvm::SmallVector<StepRead> reads;
  LogicalResult result = success();
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op)) {
    result = addConv(conv, reads);
  } else if (auto attention = llvm::dyn_cast<ir::AttentionOp>(op)) {
    result = addAttention(attention, reads);
  } else if (auto scan = llvm::dyn_cast<ir::ScanOp>(op)) {
    result = addScan(scan, reads);
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
  return reads;
}

} // namespace quern::passes
