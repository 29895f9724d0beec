#include "passes/WeightExpression.h"
#include "passes/causal/ReadRules.h"

#include "llvm/ADT/StringMap.h"

namespace quern::passes {
namespace {

using Rule = Reads (*)(mlir::Operation *, KnownRanges &);

template <typename Op, auto rule> Reads ruleOf(mlir::Operation *op, KnownRanges &ranges) {
  if constexpr (std::is_invocable_v<decltype(rule), Op, KnownRanges &>)
    return rule(llvm::cast<Op>(op), ranges);
  else
    return rule(llvm::cast<Op>(op));
}

/// For what is computed at compile time.
Reads nothing(mlir::Operation *, KnownRanges &) { return {}; }

const llvm::StringMap<Rule> &rules() {
  using namespace ir;
  static const llvm::StringMap<Rule> table{
      {ConstantOp::getOperationName(), nothing},
      {ParameterOp::getOperationName(), nothing},
      {FilterTransformOp::getOperationName(), nothing},
      {IotaOp::getOperationName(), nothing},
      {SelectOp::getOperationName(), ruleOf<SelectOp, selectReads>},
      {ConvOp::getOperationName(), ruleOf<ConvOp, convReads>},
      {WindowReduceOp::getOperationName(), ruleOf<WindowReduceOp, windowReads>},
      {ResizeOp::getOperationName(), ruleOf<ResizeOp, resizeReads>},
      {ContractOp::getOperationName(), ruleOf<ContractOp, contractReads>},
      {AttentionOp::getOperationName(), ruleOf<AttentionOp, attentionReads>},
      {ReduceOp::getOperationName(), ruleOf<ReduceOp, reduceReads>},
      {SoftmaxOp::getOperationName(), ruleOf<SoftmaxOp, softmaxReads>},
      {ReshapeOp::getOperationName(), ruleOf<ReshapeOp, reshapeReads>},
      {TransposeOp::getOperationName(), ruleOf<TransposeOp, transposeReads>},
      {BroadcastOp::getOperationName(), ruleOf<BroadcastOp, broadcastReads>},
      {SliceOp::getOperationName(), ruleOf<SliceOp, sliceReads>},
      {ConcatOp::getOperationName(), ruleOf<ConcatOp, concatReads>},
      {PadOp::getOperationName(), ruleOf<PadOp, padReads>},
      {GatherOp::getOperationName(), ruleOf<GatherOp, gatherReads>},
  };
  return table;
}

Rule findRule(mlir::OperationName op) {
  if (auto found = rules().find(op.getStringRef()); found != rules().end())
    return found->second;
  return op.hasTrait<ir::Elementwise>() ? elementwiseReads : nullptr;
}

/// The coordinates along `axes` of the element that has the number `flat` there.
void unflatten(int64_t flat, llvm::ArrayRef<int64_t> shape, AxisRange axes,
               llvm::MutableArrayRef<int64_t> index) {
  for (int64_t axis = axes.first + axes.count; axis-- > axes.first;) {
    index[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
}

int64_t flattened(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape, AxisRange axes) {
  int64_t flat = 0;
  for (int64_t axis = axes.first; axis < axes.first + axes.count; ++axis)
    flat = flat * shape[axis] + index[axis];
  return flat;
}

/// Walks the combinations of taps of one Read for one element of the result.
class ElementWalk {
public:
  ElementWalk(const Read &read, llvm::ArrayRef<int64_t> operandShape,
              llvm::ArrayRef<int64_t> resultShape, llvm::ArrayRef<int64_t> index,
              llvm::function_ref<void(const ElementRead &)> visit)
      : read(read), operandShape(operandShape), visit(visit), taps(read.maps.size(), 0) {
    element.operand = read.operand;
    element.index.resize(operandShape.size());
    for (const AxisMap &map : read.maps)
      resultElements.push_back(flattened(index, resultShape, map.result));
    if (read.mask)
      for (int64_t axis : read.mask->resultAxes)
        maskRow = maskRow * resultShape[axis] + index[axis];
    if (read.comparison)
      limit = read.comparison->limits[static_cast<size_t>(index[read.comparison->resultAxis])];
    if (read.admitted)
      query = index[read.admitted->resultAxis];
  }

  void walk(size_t map = 0) {
    if (map == read.maps.size())
      return emit();
    const AxisMap &axes = read.maps[map];
    for (int64_t tap = 0; tap < axes.taps; ++tap) {
      int64_t source = axes.source(resultElements[map], tap);
      if (source < 0)
        continue;
      taps[map] = tap;
      unflatten(source, operandShape, axes.operand, element.index);
      walk(map + 1);
    }
  }

private:
  void emit() {
    if (read.mask) {
      int64_t at = maskRow;
      for (int64_t map : read.mask->maps)
        at = at * read.maps[map].taps + taps[map];
      if (!read.mask->kept[at])
        return;
    }
    if (const auto &compared = read.comparison;
        compared && compared->keys[static_cast<size_t>(taps[compared->map])] > limit)
      return;
    if (read.admitted && !read.admitted->has(query, taps[read.admitted->map]))
      return;
    element.tap.clear();
    element.tapName = TapName::none;
    for (auto [map, tap] : llvm::zip_equal(read.maps, taps)) {
      if (map.tapName == TapName::none)
        continue;
      element.tapName = map.tapName;
      element.tap.push_back(map.tapName == TapName::offset ? map.tapStart + tap * map.tapStep
                                                           : element.index[map.operand.first]);
    }
    visit(element);
  }

  const Read &read;
  llvm::ArrayRef<int64_t> operandShape;
  llvm::function_ref<void(const ElementRead &)> visit;
  llvm::SmallVector<int64_t> resultElements, taps;
  int64_t maskRow = 0, limit = 0, query = 0;
  ElementRead element;
};

} // namespace

bool hasReadRule(llvm::StringRef opName) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect>();
  return findRule(mlir::OperationName(opName, &context)) != nullptr;
}

Reads allReadsOf(mlir::Operation *op, KnownRanges &ranges) {
  Rule rule = findRule(op->getName());
  assert(rule && "an op that the analysis knows");
  return rule(op, ranges);
}

Reads readsOf(mlir::Operation *op, KnownRanges &ranges) {
  // What follows from parameters and constants alone reads nothing else; rules would evaluate masks
  // of it.
  if (op->getNumResults() == 1 && isWeightExpression(op->getResult(0)))
    return {};
  Reads reads = allReadsOf(op, ranges);
  llvm::erase_if(
      reads, [&](const Read &read) { return isWeightExpression(op->getOperand(read.operand)); });
  return reads;
}

Reads readsOf(mlir::Operation *op) {
  KnownRanges ranges;
  return readsOf(op, ranges);
}

void forEachRead(llvm::ArrayRef<Read> reads, mlir::ValueRange operands,
                 llvm::ArrayRef<int64_t> resultShape, llvm::ArrayRef<int64_t> index,
                 llvm::function_ref<void(const ElementRead &)> visit) {
  for (const Read &read : reads)
    ElementWalk(read, tensorType(operands[read.operand]).getShape(), resultShape, index, visit)
        .walk();
}

} // namespace quern::passes
