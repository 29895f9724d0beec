#include "passes/causal/KnownSigns.h"

#include "passes/WeightExpression.h"
#include "passes/causal/Combined.h"
#include "passes/causal/Propagate.h"
#include "passes/causal/ReadRules.h"
#include "passes/causal/StructuralZeros.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>

namespace quern::passes {
namespace {

using Signs = std::optional<RankTensor>;

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return tensorType(value).getShape(); }

/// `f` of each element that is stored.
template <typename F> RankTensor mapped(RankTensor tensor, F f) {
  for (int32_t &element : tensor.data())
    element = f(element);
  return tensor;
}

RankTensor nonzeroOf(RankTensor signs) {
  return mapped(std::move(signs), [](int32_t sign) { return int32_t(sign != isZero); });
}

/// Zeros, of `nonzero`, and nothing else.
Signs zerosOf(Signs nonzero) {
  if (nonzero)
    nonzero = mapped(std::move(*nonzero),
                     [](int32_t is) -> int32_t { return is == 0 ? isZero : isUnknown; });
  return nonzero;
}

/// The numbers of an op's operands: those of masks, which cost most, come last.
llvm::SmallVector<unsigned> masksLast(mlir::Operation *op) {
  auto numbers = llvm::to_vector(llvm::seq(op->getNumOperands()));
  std::ranges::stable_partition(
      numbers, [&](unsigned number) { return !isWeightExpression(op->getOperand(number)); });
  return numbers;
}

/// Stored element by element, or once, along each axis.
RankTensor withoutRuns(const RankTensor &tensor) {
  llvm::SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < static_cast<int64_t>(tensor.shape().size()); ++axis)
    if (!tensor.isUniform(axis))
      axes.push_back(axis);
  return tensor.expanded(axes);
}

} // namespace

Signs KnownSigns::of(mlir::Value value) {
  if (dependsOnConstantsAlone(value))
    return constantSigns(value);
  if (isRationalWeight(value))
    return zerosOf(possiblyNonzeroWeights(value));
  if (unknown.contains(value))
    return std::nullopt;
  if (auto found = known.find(value); found != known.end())
    return found->second;
  ++depth;
  Signs signs = ofResult(value.getDefiningOp());
  --depth;
  if (signs) {
    signs->compress();
    *signs = withoutRuns(*signs);
  }
  if (signs && signs->isAll(isUnknown))
    signs = std::nullopt;
  if (depth == 0)
    known.clear();
  if (!signs)
    unknown.insert(value);
  else
    known.try_emplace(value, *signs);
  return signs;
}

std::optional<RankTensor> KnownSigns::possiblyNonzero(mlir::Value value) {
  Signs signs = isWeightExpression(value) ? ofFactor(value) : of(value);
  if (!signs || !llvm::is_contained(std::as_const(*signs).data(), isZero))
    return std::nullopt;
  return nonzeroOf(std::move(*signs));
}

/// Padding, and zeros that are joined to what is not masked, are not followed: nearly every model
/// has some, and few multiply by it.
Signs KnownSigns::ofResult(mlir::Operation *op) {
  using namespace ir;
  if (!op)
    return std::nullopt;
  if (op->hasTrait<Elementwise>())
    return ofElementwise(op);
  return llvm::TypeSwitch<mlir::Operation *, Signs>(op)
      .Case([&](SoftmaxOp softmax) { return zerosOf(admittedScores(softmax)); })
      .Case<BroadcastOp, ReshapeOp, TransposeOp, SliceOp>([&](auto op) { return ofMoved(op); })
      .Case([&](PadOp pad) { return ofPadded(pad, pad.getValue().convertToDouble()); })
      .Case([&](ConcatOp concat) { return ofJoined(concat); })
      .Case<ReduceOp, WindowReduceOp, ResizeOp, GatherOp>([&](auto op) { return ofSum(op, 1); })
      .Case<ContractOp, ConvOp>([&](auto op) { return ofSum(op, 2); })
      .Default([](mlir::Operation *) { return std::nullopt; });
}

/// Of a factor nothing counts but where it is zero, which is quickly ruled out of most weights.
Signs KnownSigns::ofFactor(mlir::Value weight) {
  if (lastFactor.first != weight)
    lastFactor = {weight,
                  isRationalWeight(weight) ? zerosOf(possiblyNonzeroWeights(weight)) : of(weight)};
  return lastFactor.second;
}

Signs KnownSigns::ofOperand(mlir::Operation *op, unsigned number) {
  mlir::Value operand = op->getOperand(number);
  if (llvm::isa<ir::MulOp, ir::DivOp>(op) && isWeightExpression(operand))
    return ofFactor(operand);
  return of(operand);
}

Signs KnownSigns::ofElementwise(mlir::Operation *op) {
  SignTable table(op);
  llvm::SmallVector<Signs> operands(op->getNumOperands());
  int32_t unknownOperands = 0;
  for (unsigned number : masksLast(op)) {
    operands[number] = ofOperand(op, number);
    if (!operands[number])
      unknownOperands |= SignTable::placeOf(number, isUnknown);
    if (!table.tells(unknownOperands))
      return std::nullopt;
  }
  llvm::ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  RankTensor places(shape, unknownOperands);
  for (auto [number, signs] : llvm::enumerate(operands))
    if (signs)
      places = combined(std::move(places), signs->broadcast(shape),
                        [number = static_cast<unsigned>(number)](int32_t place, int32_t sign) {
                          return place | SignTable::placeOf(number, Sign(sign));
                        });
  return mapped(std::move(places), [&](int32_t place) -> int32_t { return table.at(place); });
}

Signs KnownSigns::ofMoved(mlir::Operation *op) {
  Signs operand = of(op->getOperand(0));
  if (!operand)
    return std::nullopt;
  return gatherMax(allReadsOf(op, *this).front(), *operand, shapeOf(op->getResult(0)));
}

Signs KnownSigns::ofPadded(mlir::Operation *pad, double value) {
  Signs moved = ofMoved(pad);
  if (!moved)
    return std::nullopt;
  return mapped(std::move(*moved), [around = signOf(value)](int32_t sign) {
    return sign == RankTensor::never ? around : sign;
  });
}

Signs KnownSigns::ofJoined(mlir::Operation *concat) {
  bool isKnown = llvm::any_of(concat->getOperands(), [&](mlir::Value part) {
    return !isWeightExpression(part) && of(part);
  });
  if (!isKnown)
    return std::nullopt;
  RankTensor joined(shapeOf(concat->getResult(0)));
  for (const Read &read : concatReads(llvm::cast<ir::ConcatOp>(concat))) {
    mlir::Value part = concat->getOperand(read.operand);
    Signs signs = of(part);
    joined.raise(gatherMax(read, signs ? *signs : RankTensor(shapeOf(part), isUnknown),
                           shapeOf(concat->getResult(0))));
  }
  return joined;
}

/// Of what is zero where everything is that it reads of one of its first `operands`: sums, means,
/// extremes, and what is picked by an index that nobody knows yet.
Signs KnownSigns::ofSum(mlir::Operation *op, unsigned operands) {
  for (mlir::Value operand : op->getOperands().take_front(operands)) {
    if (isWeightExpression(operand))
      continue;
    Signs signs = of(operand);
    if (!signs)
      continue;
    RankTensor nonzero = nonzeroOf(std::move(*signs));
    for (const Read &read : readsOf(op, *this))
      if (op->getOperand(read.operand) == operand)
        return mapped(gatherMax(read, nonzero, shapeOf(op->getResult(0))),
                      [](int32_t any) -> int32_t { return any == 1 ? isUnknown : isZero; });
  }
  return std::nullopt;
}

std::optional<RankTensor> possiblyNonzero(mlir::Value value) {
  return KnownSigns().possiblyNonzero(value);
}

} // namespace quern::passes
