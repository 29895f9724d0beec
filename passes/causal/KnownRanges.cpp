#include "passes/causal/KnownRanges.h"

#include "passes/WeightExpression.h"
#include "passes/causal/Combined.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/Propagate.h"
#include "passes/causal/RangeTensor.h"
#include "passes/causal/ReadRules.h"

#include "llvm/ADT/TypeSwitch.h"

namespace quern::passes {
namespace {

using Known = std::optional<RankTensor>;

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return tensorType(value).getShape(); }
mlir::Type elementOf(mlir::Value value) { return tensorType(value).getElementType(); }

RankTensor everywhere(mlir::Value value, Range range) {
  return RankTensor(shapeOf(value), range.packed());
}

/// Stored element by element, or once, along each axis.
RankTensor withoutRuns(const RankTensor &tensor) {
  llvm::SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < static_cast<int64_t>(tensor.shape().size()); ++axis)
    if (!tensor.isUniform(axis))
      axes.push_back(axis);
  return tensor.expanded(axes);
}

/// The largest of the bounds of all that a result reads of the first operand.
RankTensor largestRead(mlir::Operation *op, const Reads &reads, const RankTensor &ranges,
                       Bound bound) {
  RankTensor bounds = boundsOf(ranges, bound);
  llvm::ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  RankTensor largest(shape);
  for (const Read &read : reads)
    if (read.operand == 0)
      largest.raise(gatherMax(read, bounds, shape));
  return largest;
}

/// f(hull) of what a result reads of the first operand: the least low bound and the largest high
/// one; of extremes, these take what all bounds have in common.
template <typename F>
RankTensor hullRead(mlir::Operation *op, const Reads &reads, const RankTensor &ranges,
                    std::optional<ir::ReduceKind> kind, F f) {
  bool isMax = kind == ir::ReduceKind::max, isMin = kind == ir::ReduceKind::min;
  RankTensor lows = largestRead(op, reads, ranges, isMax ? Bound::low : Bound::oppositeLow);
  RankTensor highs = largestRead(op, reads, ranges, isMin ? Bound::oppositeHigh : Bound::high);
  std::pair<int32_t, int32_t> last{-1, -1};
  int32_t result = 0;
  return combined(std::move(lows), highs, [&](int32_t low, int32_t high) {
    if (std::pair(low, high) != std::exchange(last, {low, high}))
      result = f(Range{isMax ? low - zeroBound : zeroBound - low,
                       isMin ? zeroBound - high : high - zeroBound})
                   .packed();
    return result;
  });
}

} // namespace

Known KnownRanges::of(mlir::Value value) {
  if (ordinary.contains(value))
    return std::nullopt;
  if (auto found = known.find(value); found != known.end())
    return found->second;
  ++depth;
  Known ranges = computed(value);
  --depth;
  if (mayBeZero.contains(value) && ranges)
    ranges = mappedRanges(std::move(*ranges), [](Range range) { return hull(range, {}).packed(); });
  if (ranges) {
    ranges->compress();
    *ranges = withoutRuns(*ranges);
    if (ranges->isAll(ordinaryRange(elementOf(value)).packed()))
      ranges = std::nullopt;
  }
  constexpr size_t few = 1 << 14;
  if (!ranges)
    ordinary.insert(value);
  else {
    known.try_emplace(value, *ranges);
    if (std::as_const(*ranges).data().size() > few)
      large.push_back(value);
  }
  if (depth == 0)
    forgetOldest();
  return ranges;
}

void KnownRanges::forgetOldest() {
  constexpr size_t kept = 3;
  for (; large.size() > kept; large.pop_front())
    known.erase(large.front());
}

RankTensor KnownRanges::allOf(mlir::Value value) {
  Known ranges = of(value);
  return ranges ? *ranges : everywhere(value, ordinaryRange(elementOf(value)));
}

bool KnownRanges::admitsZeros(mlir::Value value) {
  Known ranges = of(value);
  return !ranges || mappedRanges(std::move(*ranges), [](Range range) {
                      return range.low <= 0 && range.high >= 0;
                    }).isAll(1);
}

/// Truth values are, and masks of attention may be larger than anyone should evaluate.
bool KnownRanges::isOrdinary(mlir::Value value) {
  if (elementOf(value).isInteger(1))
    return true;
  Known ranges = of(value);
  return !ranges || isAllOrdinary(*ranges);
}

std::optional<RankTensor> KnownRanges::possiblyNonzero(mlir::Value value) {
  return exceptWhere(of(value), [](Range range) { return range.isZero(); });
}

std::optional<RankTensor> KnownRanges::undecided(mlir::Value value) {
  return exceptWhere(of(value), [](Range range) { return range.isPoint(); });
}

std::optional<RankTensor> KnownRanges::contenders(ir::ReduceOp extreme) {
  bool isMax = extreme.getKind() == ir::ReduceKind::max;
  Known ranges = of(extreme.getInput());
  if (!ranges || (!isMax && extreme.getKind() != ir::ReduceKind::min))
    return std::nullopt;
  RankTensor surest = boundsOf(*ranges, isMax ? Bound::low : Bound::oppositeHigh);
  for (int64_t axis : extreme.getAxes())
    surest.raiseAlong(axis);
  RankTensor farthest = boundsOf(*ranges, isMax ? Bound::high : Bound::oppositeLow);
  RankTensor contends = combined(std::move(farthest), surest, [](int32_t own, int32_t other) {
    return static_cast<int32_t>(own >= other);
  });
  if (contends.isAll(1))
    return std::nullopt;
  return contends;
}

/// By induction over its steps: what a scan carries is ordinary if all is that it is given, and
/// what its body makes of such numbers. What was found out about the body does not hold if not.
bool KnownRanges::isOrdinaryScan(ir::ScanOp scan) {
  auto [entry, isNew] = ordinaryScans.try_emplace(scan, true);
  if (!isNew)
    return entry->second;
  auto isOwn = [&](mlir::Value value) { return isOrdinary(value); };
  mlir::Block &body = scan.getBody().front();
  if (llvm::all_of(scan->getOperands(), isOwn) &&
      llvm::all_of(body.getTerminator()->getOperands(), isOwn))
    return true;
  body.walk([&](mlir::Operation *op) {
    ordinaryScans.erase(op);
    for (mlir::Value result : op->getResults())
      forget(result);
    for (mlir::Region &region : op->getRegions())
      for (mlir::Value argument : region.getArguments())
        forget(argument);
  });
  for (mlir::Value argument : body.getArguments())
    forget(argument);
  return ordinaryScans[scan] = false;
}

void KnownRanges::forget(mlir::Value value) {
  known.erase(value);
  ordinary.erase(value);
}

Known KnownRanges::computed(mlir::Value value) {
  if (value.getDefiningOp())
    return dependsOnConstantsAlone(value) ? constantRanges(value) : ofResult(value);
  auto scan = llvm::dyn_cast<ir::ScanOp>(value.getParentBlock()->getParentOp());
  if (!scan || isOrdinaryScan(scan))
    return std::nullopt;
  return anything(value);
}

RankTensor KnownRanges::anything(mlir::Value value) {
  return everywhere(value, fitted(Range::anything(), elementOf(value), Range::anything()));
}

Known KnownRanges::ofResult(mlir::Value value) {
  using namespace ir;
  mlir::Operation *op = value.getDefiningOp();
  if (op->hasTrait<Elementwise>())
    return ofElementwise(op);
  return llvm::TypeSwitch<mlir::Operation *, Known>(op)
      .Case([&](SoftmaxOp softmax) { return ofSoftmax(softmax); })
      .Case<BroadcastOp, ReshapeOp, TransposeOp, SliceOp>([&](auto op) { return ofMoved(op); })
      .Case([&](PadOp pad) { return ofPadded(pad); })
      .Case([&](ConcatOp concat) { return ofJoined(concat); })
      .Case<ReduceOp, WindowReduceOp>([&](auto reduce) { return ofReduced(reduce); })
      .Case([&](GatherOp gather) {
        return dependsOnConstantsAlone(gather.getIndices()) ? ofMoved(gather) : ofSpread(gather);
      })
      .Case([&](ResizeOp resize) { return ofSpread(resize); })
      .Case<ContractOp, ConvOp>([&](auto op) { return ofProducts(op); })
      .Case(
          [&](ScanOp scan) { return isOrdinaryScan(scan) ? std::nullopt : Known(anything(value)); })
      .Case([&](ParameterOp) { return std::nullopt; })
      .Default([&](mlir::Operation *op) { return ofOthers(op); });
}

Known KnownRanges::ofElementwise(mlir::Operation *op) {
  mlir::Value result = op->getResult(0);
  llvm::ArrayRef<int64_t> shape = shapeOf(result);
  llvm::SmallVector<RankTensor, 3> operands;
  for (mlir::Value operand : op->getOperands())
    operands.push_back(allOf(operand).broadcast(shape));
  RankTensor ranges(shape, 0);
  for (const RankTensor &operand : operands)
    ranges = ranges.expandedAs(operand);
  for (RankTensor &operand : operands)
    operand = operand.expandedAs(ranges);
  ResultRanges results(op);
  std::vector<int32_t> &to = ranges.data();
  auto at = [&](unsigned number, size_t place) {
    return number < operands.size() ? std::as_const(operands[number]).data()[place] : 0;
  };
  for (size_t place = 0; place < to.size(); ++place)
    to[place] = results.of(at(0, place), at(1, place), at(2, place));
  return ranges;
}

Known KnownRanges::ofMoved(mlir::Operation *op) {
  Known operand = of(op->getOperand(0));
  if (!operand)
    return std::nullopt;
  return gatherMax(allReadsOf(op, *this).front(), *operand, shapeOf(op->getResult(0)));
}

/// Padding that is ordinary is not told apart from what is: nearly every model has some.
Known KnownRanges::ofPadded(ir::PadOp pad) {
  Range around = Range::of(pad.getValue().convertToDouble());
  if (!of(pad.getInput()) && around.isOrdinary())
    return std::nullopt;
  RankTensor moved =
      gatherMax(padReads(pad).front(), allOf(pad.getInput()), shapeOf(pad.getResult()));
  return mapped(std::move(moved), [=](int32_t range) {
    return range == RankTensor::never ? around.packed() : range;
  });
}

/// Nor are ordinary constants that are joined to it.
Known KnownRanges::ofJoined(ir::ConcatOp concat) {
  bool isKnown = llvm::any_of(concat.getInputs(), [&](mlir::Value part) {
    return dependsOnConstantsAlone(part) ? !isOrdinary(part) : of(part).has_value();
  });
  if (!isKnown)
    return std::nullopt;
  llvm::ArrayRef<int64_t> shape = shapeOf(concat.getResult());
  RankTensor joined(shape);
  for (const Read &read : concatReads(concat))
    joined.raise(gatherMax(read, allOf(concat->getOperand(read.operand)), shape));
  return joined;
}

/// Scores that surely vanish beside another of their row have no weight.
Known KnownRanges::ofSoftmax(ir::SoftmaxOp softmax) {
  Range weight = Range::of(0);
  weight.high = Range::of(1).high;
  Known scores = of(softmax.getInput());
  if (!scores)
    return everywhere(softmax.getResult(), weight);
  RankTensor largest = boundsOf(*scores, Bound::low);
  largest.raiseAlong(static_cast<int64_t>(softmax.getAxis()));
  std::pair<int32_t, int32_t> last{-1, -1};
  Range result;
  return combined(std::move(*scores), largest, [&](int32_t score, int32_t low) {
    if (std::pair(score, low) != last) {
      last = {score, low};
      Range other{low - zeroBound, low - zeroBound};
      result = other == Range{Range::anything().low, Range::anything().low} ? Range::anything()
               : Range::unpacked(score).vanishesBeside(other)               ? Range()
                                                                            : weight;
    }
    return result.packed();
  });
}

Known KnownRanges::ofReduced(mlir::Operation *op) {
  Known ranges = of(op->getOperand(0));
  if (!ranges)
    return std::nullopt;
  auto window = llvm::dyn_cast<ir::WindowReduceOp>(op);
  ir::ReduceKind kind = window ? window.getKind() : llvm::cast<ir::ReduceOp>(op).getKind();
  mlir::Value result = op->getResult(0);
  int64_t count =
      window ? product(window.getWindow())
             : tensorType(op->getOperand(0)).getNumElements() / tensorType(result).getNumElements();
  return hullRead(op, allReadsOf(op, *this), *ranges, kind, [&](Range each) {
    return fitted(reducedRange(kind, each, count, window != nullptr), elementOf(result), each);
  });
}

/// Of what takes elements from where nobody knows, or between others.
Known KnownRanges::ofSpread(mlir::Operation *op) {
  Known ranges = of(op->getOperand(0));
  if (!ranges)
    return std::nullopt;
  auto resize = llvm::dyn_cast<ir::ResizeOp>(op);
  // What cubic interpolation overshoots by is less than the difference of what it is between.
  bool isCubic = resize && resize.getMode() == ir::ResizeMode::cubic;
  return hullRead(op, allReadsOf(op, *this), *ranges, std::nullopt, [&](Range each) {
    double low = each.lowest(), high = each.highest(), over = isCubic ? high - low : 0;
    Range range = resize ? Range::computed(low - over, high + over) : each;
    return fitted(range, elementOf(op->getResult(0)), each);
  });
}

/// Sums of products are zero where in each of them something is.
Known KnownRanges::zerosOfProducts(mlir::Operation *op) {
  bool isWeight = isWeightExpression(op->getResult(0));
  llvm::ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  for (auto [number, operand] : llvm::enumerate(op->getOperands())) {
    // A masked weight hides something, and rarely everything.
    if (isWeightExpression(operand) && !isWeight)
      continue;
    if (auto nonzero = possiblyNonzero(operand))
      for (const Read &read : allReadsOf(op, *this))
        if (read.operand == static_cast<int64_t>(number))
          return mapped(gatherMax(read, *nonzero, shape),
                        [](int32_t any) { return static_cast<int32_t>(any == 1); });
  }
  return std::nullopt;
}

Known KnownRanges::ofProducts(mlir::Operation *op) {
  Known others = ofOthers(op), nonzero = zerosOfProducts(op);
  if (!nonzero)
    return others;
  mlir::Value result = op->getResult(0);
  int32_t other = others ? others->data().front() : ordinaryRange(elementOf(result)).packed();
  return mapped(std::move(*nonzero),
                [=](int32_t is) { return is != 0 ? other : Range().packed(); });
}

/// Of ops that compute ordinary numbers of ordinary ones, and of others who knows what.
Known KnownRanges::ofOthers(mlir::Operation *op) {
  if (llvm::all_of(op->getOperands(), [&](mlir::Value operand) { return isOrdinary(operand); }))
    return std::nullopt;
  return anything(op->getResult(0));
}

std::optional<RankTensor> possiblyNonzero(mlir::Value value) {
  return KnownRanges().possiblyNonzero(value);
}

} // namespace quern::passes
