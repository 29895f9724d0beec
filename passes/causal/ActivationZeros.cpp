// Which elements of values that depend on inputs are zero all the same: those of scores that a mask
// multiplies by zero, and what is computed from these element by element.
#include "passes/WeightExpression.h"
#include "passes/causal/Combined.h"
#include "passes/causal/Propagate.h"
#include "passes/causal/ReadRules.h"
#include "passes/causal/StructuralZeros.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>

namespace quern::passes {
namespace {

/// Nothing where all elements may be other than zero.
using Nonzero = std::optional<RankTensor>;

/// What is known of an operand, of all elements of the result that it is broadcast to.
RankTensor broadcastTo(mlir::RankedTensorType result, const Nonzero &operand) {
  llvm::SmallVector<int64_t> extents(result.getRank(), 1);
  if (!operand)
    return RankTensor(result.getShape(), 1);
  llvm::copy(operand->extents(), extents.end() - operand->extents().size());
  return operand->viewed(result.getShape(), extents);
}

class ActivationZeros {
public:
  Nonzero of(mlir::Value value) {
    if (isWeightExpression(value))
      return possiblyNonzeroWeights(value);
    if (auto found = known.find(value); found != known.end())
      return found->second;
    Nonzero nonzero = ofResult(value.getDefiningOp());
    if (nonzero)
      nonzero->compress();
    if (nonzero && nonzero->isAll(1))
      nonzero = std::nullopt;
    known.try_emplace(value, nonzero);
    return nonzero;
  }

private:
  /// Sums over axes, and functions that are not zero at zero, are taken to be other than zero.
  Nonzero ofResult(mlir::Operation *op) {
    using namespace ir;
    if (!op)
      return std::nullopt;
    return llvm::TypeSwitch<mlir::Operation *, Nonzero>(op)
        .Case([&](MulOp product) { return ofProduct(product); })
        .Case([&](DivOp quotient) { return ofAll(quotient, quotient.getLhs()); })
        .Case([&](SelectOp select) { return ofSelect(select); })
        .Case([&](SoftmaxOp softmax) { return admittedScores(softmax); })
        .Case<AddOp, SubOp, MaxOp, MinOp, NegOp, AbsOp, ReluOp, SqrtOp, TanhOp, ErfOp, SinOp,
              FloorOp, CeilOp, RoundOp, CastOp>(
            [&](mlir::Operation *op) { return ofAll(op, op->getOperands()); })
        .Case<BroadcastOp, ReshapeOp, TransposeOp, SliceOp>(
            [&](mlir::Operation *op) { return ofMoved(op); })
        .Default([](mlir::Operation *) { return std::nullopt; });
  }

  Nonzero ofProduct(ir::MulOp product) {
    Nonzero lhs = of(product.getLhs()), rhs = of(product.getRhs());
    if (!lhs && !rhs)
      return std::nullopt;
    return combined(broadcastTo(product.getType(), lhs), broadcastTo(product.getType(), rhs),
                    [](int32_t a, int32_t b) { return a & b; });
  }

  /// Of what is zero where all of `operands` are. Masks cost most: the others are asked first.
  Nonzero ofAll(mlir::Operation *op, mlir::ValueRange operands) {
    llvm::SmallVector<mlir::Value> ordered(operands);
    std::ranges::stable_partition(ordered,
                                  [](mlir::Value value) { return !isWeightExpression(value); });
    mlir::RankedTensorType type = tensorType(op->getResult(0));
    RankTensor any(type.getShape(), 0);
    for (mlir::Value operand : ordered) {
      Nonzero nonzero = of(operand);
      if (!nonzero)
        return std::nullopt;
      any.raise(broadcastTo(type, nonzero));
    }
    return any;
  }

  Nonzero ofSelect(ir::SelectOp select) {
    Nonzero onTrue = of(select.getOnTrue()), onFalse = of(select.getOnFalse());
    if (!onTrue && !onFalse)
      return std::nullopt;
    mlir::RankedTensorType type = select.getType();
    RankTensor first = broadcastTo(type, onTrue), second = broadcastTo(type, onFalse);
    if (Nonzero condition = constantElements(select.getCondition())) {
      RankTensor isFirst = broadcastTo(type, condition);
      first = combined(isFirst, first, [](int32_t is, int32_t own) { return is != 0 && own; });
      second = combined(isFirst, second, [](int32_t is, int32_t own) { return is == 0 && own; });
    }
    first.raise(second);
    return first;
  }

  /// Of elements that lie elsewhere in the operand.
  Nonzero ofMoved(mlir::Operation *op) {
    Nonzero operand = of(op->getOperand(0));
    if (!operand)
      return std::nullopt;
    return gatherMax(readsOf(op).front(), *operand, tensorType(op->getResult(0)).getShape());
  }

  llvm::DenseMap<mlir::Value, Nonzero> known;
};

/// Stored element by element, or once, along each axis.
RankTensor withoutRuns(const RankTensor &tensor) {
  llvm::SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < static_cast<int64_t>(tensor.shape().size()); ++axis)
    if (!tensor.isUniform(axis))
      axes.push_back(axis);
  return tensor.expanded(axes);
}

} // namespace

std::optional<RankTensor> possiblyNonzero(mlir::Value value) {
  Nonzero nonzero = ActivationZeros().of(value);
  return nonzero ? Nonzero(withoutRuns(*nonzero)) : std::nullopt;
}

} // namespace quern::passes
