// Batch norm at inference is x * s + b with s and b known once the weights are: s goes into the
// weights of the convolution or contraction before it, b becomes a bias. Written as algebra on
// constant expressions, so that no spelling of batch norm is special. Rounding changes by a few
// units in the last place.
#include "ir/Evaluate.h"
#include "ir/Infer.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/WeightExpression.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace quern::passes {
#define GEN_PASS_DEF_FOLDAFFINE
#include "passes/Passes.h.inc"

namespace {

using mlir::OpRewritePattern;
using mlir::PatternRewriter;

bool isFloat(mlir::Value value) {
  return llvm::isa<mlir::FloatType>(tensorType(value).getElementType());
}

/// Whether the result has the shape of the op's first operand: the second does not widen it.
bool keepsLhsShape(mlir::Operation *op) {
  return tensorType(op->getResult(0)).getShape() == tensorType(op->getOperand(0)).getShape();
}

/// A binary op of type Op whose right operand is constant and whose left one is not.
template <typename Op> Op affineStep(mlir::Operation *op) {
  auto step = llvm::dyn_cast_or_null<Op>(op);
  if (step && isFloat(step.getResult()) && keepsLhsShape(op) && isWeightExpression(step.getRhs()) &&
      !isWeightExpression(step.getLhs()))
    return step;
  return {};
}

/// Whether `value` is, through single-use affine steps, the result of a convolution or contraction
/// with constant weights.
bool isOnWeights(mlir::Value value) {
  while (mlir::Operation *op = value.getDefiningOp()) {
    if (!value.hasOneUse())
      return false;
    if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
      return isWeightExpression(conv.getWeight());
    if (auto contract = llvm::dyn_cast<ir::ContractOp>(op))
      return isWeightExpression(contract.getRhs()) || isWeightExpression(contract.getLhs());
    if (!affineStep<ir::AddOp>(op) && !affineStep<ir::MulOp>(op) && !affineStep<ir::SubOp>(op) &&
        !affineStep<ir::DivOp>(op))
      return false;
    value = op->getOperand(0);
  }
  return false;
}

/// Whether `value` is read only as the input of a convolution or contraction with constant weights.
bool isBeforeWeights(mlir::Value value) {
  if (!value.hasOneUse())
    return false;
  mlir::Operation *user = *value.user_begin();
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(user))
    return conv.getInput() == value && isWeightExpression(conv.getWeight());
  auto contract = llvm::dyn_cast<ir::ContractOp>(user);
  return contract &&
         isWeightExpression(contract.getLhs() == value ? contract.getRhs() : contract.getLhs());
}

/// c + x -> x + c and c * x -> x * c for a constant c.
template <typename Op> struct ConstantToTheRight : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!isWeightExpression(op.getLhs()) || isWeightExpression(op.getRhs()))
      return mlir::failure();
    mlir::Value lhs = op.getLhs(), rhs = op.getRhs();
    rewriter.modifyOpInPlace(op, [&] { op->setOperands({rhs, lhs}); });
    return mlir::success();
  }
};

/// x - c -> x + (-c). Exact.
struct SubToAdd : OpRewritePattern<ir::SubOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::SubOp op, PatternRewriter &rewriter) const override {
    if (!affineStep<ir::SubOp>(op))
      return mlir::failure();
    auto negated = ir::NegOp::create(rewriter, op.getLoc(), op.getRhs());
    rewriter.replaceOpWithNewOp<ir::AddOp>(op, op.getLhs(), negated);
    return mlir::success();
  }
};

/// x / c -> x * (1 / c) where it may go into weights.
struct DivToMul : OpRewritePattern<ir::DivOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::DivOp op, PatternRewriter &rewriter) const override {
    if (!affineStep<ir::DivOp>(op) || !(isOnWeights(op.getLhs()) || isBeforeWeights(op)))
      return mlir::failure();
    auto scalar = mlir::RankedTensorType::get({}, tensorType(op.getRhs()).getElementType());
    auto one = ir::ConstantOp::create(
        rewriter, op.getLoc(), scalar,
        mlir::DenseElementsAttr::get(scalar, rewriter.getFloatAttr(scalar.getElementType(), 1.0)));
    auto inverse = ir::DivOp::create(rewriter, op.getLoc(), one, op.getRhs());
    rewriter.replaceOpWithNewOp<ir::MulOp>(op, op.getLhs(), inverse);
    return mlir::success();
  }
};

/// (x + a) + b -> x + (a + b), and the same of products.
template <typename Op> struct JoinSteps : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!affineStep<Op>(op) || !op.getLhs().hasOneUse())
      return mlir::failure();
    auto inner = affineStep<Op>(op.getLhs().getDefiningOp());
    if (!inner)
      return mlir::failure();
    int64_t larger = std::max(tensorType(op.getRhs()).getNumElements(),
                              tensorType(inner.getRhs()).getNumElements());
    auto shape = ir::broadcastShapes(tensorType(op.getRhs()).getShape(),
                                     tensorType(inner.getRhs()).getShape());
    if (!shape || mlir::ShapedType::getNumElements(*shape) > larger)
      return mlir::failure();
    auto joined = Op::create(rewriter, op.getLoc(), inner.getRhs(), op.getRhs());
    rewriter.replaceOpWithNewOp<Op>(op, inner.getLhs(), joined);
    return mlir::success();
  }
};

/// (x + a) * s -> x * s + a * s where s may go into weights.
struct DistributeScale : OpRewritePattern<ir::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::MulOp op, PatternRewriter &rewriter) const override {
    if (!affineStep<ir::MulOp>(op) || !isOnWeights(op.getLhs()))
      return mlir::failure();
    auto add = affineStep<ir::AddOp>(op.getLhs().getDefiningOp());
    if (!add)
      return mlir::failure();
    auto scaled = ir::MulOp::create(rewriter, op.getLoc(), add.getLhs(), op.getRhs());
    auto term = ir::MulOp::create(rewriter, op.getLoc(), add.getRhs(), op.getRhs());
    rewriter.replaceOpWithNewOp<ir::AddOp>(op, scaled, term);
    return mlir::success();
  }
};

/// The one axis of a result of rank `rank` along which `scale`, aligned at the last axis, varies;
/// -1 if it is a single number; nothing if there are several.
std::optional<int64_t> varyingAxis(mlir::Value scale, int64_t rank) {
  mlir::RankedTensorType type = tensorType(scale);
  std::optional<int64_t> found = -1;
  for (auto [index, extent] : llvm::enumerate(type.getShape()))
    if (extent != 1) {
      if (*found != -1)
        return std::nullopt;
      found = rank - type.getRank() + static_cast<int64_t>(index);
    }
  return found;
}

/// weight * scale, the scale's values along `axis` of the weight (any axis if it is a single
/// number).
mlir::Value scaleWeight(PatternRewriter &rewriter, mlir::Location loc, mlir::Value weight,
                        mlir::Value scale, int64_t axis) {
  llvm::SmallVector<int64_t> shape(tensorType(weight).getRank(), 1);
  shape[axis] = tensorType(scale).getNumElements();
  mlir::Value aligned = ir::ReshapeOp::create(rewriter, loc, scale, shape);
  return ir::MulOp::create(rewriter, loc, weight, aligned);
}

/// conv(x, w) * s -> conv(x, w * s).
struct ScaleIntoConv : OpRewritePattern<ir::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::MulOp op, PatternRewriter &rewriter) const override {
    auto conv = op.getLhs().getDefiningOp<ir::ConvOp>();
    if (!conv || !affineStep<ir::MulOp>(op) || !isOnWeights(op.getLhs()))
      return mlir::failure();
    std::optional<int64_t> axis = varyingAxis(op.getRhs(), tensorType(conv).getRank());
    if (!axis || (*axis != -1 && *axis != 1))
      return mlir::failure();
    // The weights stay where they are in the order of ops only if the scale comes before them; the
    // convolution is therefore made anew at the place of the multiplication.
    mlir::Value weight = scaleWeight(rewriter, op.getLoc(), conv.getWeight(), op.getRhs(), 0);
    mlir::Operation *scaled = rewriter.clone(*conv);
    scaled->setOperand(1, weight);
    scaled->setLoc(rewriter.getFusedLoc({conv.getLoc(), op.getLoc()}));
    rewriter.replaceOp(op, scaled);
    return mlir::success();
  }
};

/// contract(x, w) * s -> contract(x, w * s).
struct ScaleIntoContract : OpRewritePattern<ir::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::MulOp op, PatternRewriter &rewriter) const override {
    auto contract = op.getLhs().getDefiningOp<ir::ContractOp>();
    if (!contract || !affineStep<ir::MulOp>(op) || !isOnWeights(op.getLhs()))
      return mlir::failure();
    std::optional<int64_t> axis = varyingAxis(op.getRhs(), tensorType(contract).getRank());
    if (!axis)
      return mlir::failure();
    bool isRight = isWeightExpression(contract.getRhs());
    mlir::Value weight = isRight ? contract.getRhs() : contract.getLhs();
    llvm::ArrayRef<int64_t> labels = isRight ? contract.getRhsAxes() : contract.getLhsAxes();
    int64_t weightAxis = 0;
    if (*axis != -1) {
      const auto *found = llvm::find(labels, contract.getResultAxes()[*axis]);
      if (found == labels.end())
        return mlir::failure();
      weightAxis = found - labels.begin();
    } else if (labels.empty()) {
      return mlir::failure();
    }
    mlir::Value scaledWeight = scaleWeight(rewriter, op.getLoc(), weight, op.getRhs(), weightAxis);
    mlir::Operation *scaled = rewriter.clone(*contract);
    scaled->setOperand(isRight ? 1 : 0, scaledWeight);
    scaled->setLoc(rewriter.getFusedLoc({contract.getLoc(), op.getLoc()}));
    rewriter.replaceOp(op, scaled);
    return mlir::success();
  }
};

/// conv(x * s, w) -> conv(x, w * s) where s is one number or one for each channel; padding with
/// zeros commutes with it.
struct ScaleBeforeConv : OpRewritePattern<ir::ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::ConvOp op, PatternRewriter &rewriter) const override {
    auto scale = affineStep<ir::MulOp>(op.getInput().getDefiningOp());
    if (!scale || !isBeforeWeights(scale))
      return mlir::failure();
    std::optional<int64_t> axis = varyingAxis(scale.getRhs(), tensorType(scale).getRank());
    // Within a group the weight's second axis counts that group's channels alone.
    if (!axis || (*axis != -1 && (*axis != 1 || op.getGroups() != 1)))
      return mlir::failure();
    mlir::Value weight = scaleWeight(rewriter, op.getLoc(), op.getWeight(), scale.getRhs(), 1);
    rewriter.modifyOpInPlace(op, [&] { op->setOperands({scale.getLhs(), weight}); });
    return mlir::success();
  }
};

/// contract(x * s, w) -> contract(x, w * s) where s is one number, or varies along an axis that w
/// has too.
struct ScaleBeforeContract : OpRewritePattern<ir::ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::ContractOp op, PatternRewriter &rewriter) const override {
    for (int side : {0, 1}) {
      auto scale = affineStep<ir::MulOp>(op->getOperand(side).getDefiningOp());
      if (!scale || !isBeforeWeights(scale))
        continue;
      std::optional<int64_t> axis = varyingAxis(scale.getRhs(), tensorType(scale).getRank());
      llvm::ArrayRef<int64_t> own = side == 0 ? op.getLhsAxes() : op.getRhsAxes();
      llvm::ArrayRef<int64_t> labels = side == 0 ? op.getRhsAxes() : op.getLhsAxes();
      if (!axis || labels.empty())
        continue;
      const auto *found = *axis == -1 ? labels.begin() : llvm::find(labels, own[*axis]);
      if (found == labels.end())
        continue;
      mlir::Value weight = scaleWeight(rewriter, op.getLoc(), op->getOperand(1 - side),
                                       scale.getRhs(), found - labels.begin());
      rewriter.modifyOpInPlace(op, [&] {
        op->setOperand(side, scale.getLhs());
        op->setOperand(1 - side, weight);
      });
      return mlir::success();
    }
    return mlir::failure();
  }
};

/// An elementwise op of splat constants -> a splat constant.
struct FoldSplats : mlir::RewritePattern {
  explicit FoldSplats(mlir::MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  mlir::LogicalResult matchAndRewrite(mlir::Operation *op,
                                      PatternRewriter &rewriter) const override {
    bool isMovable = llvm::isa<ir::ReshapeOp, ir::TransposeOp, ir::BroadcastOp, ir::SliceOp>(op);
    if ((!op->hasTrait<ir::Elementwise>() && !isMovable) ||
        !llvm::all_of(op->getOperands(), isSplatConstant))
      return mlir::failure();
    mlir::RankedTensorType type = tensorType(op->getResult(0));
    mlir::DenseElementsAttr value =
        isMovable ? splatOf(op->getOperand(0)).resizeSplat(type) : evaluated(op, type);
    if (!value)
      return mlir::failure();
    rewriter.replaceOpWithNewOp<ir::ConstantOp>(op, type, value);
    return mlir::success();
  }

private:
  static mlir::DenseElementsAttr splatOf(mlir::Value constant) {
    return llvm::cast<mlir::DenseElementsAttr>(constant.getDefiningOp<ir::ConstantOp>().getValue());
  }

  /// The op's value on single numbers, by the evaluator that computes weights, spread over `type`.
  static mlir::DenseElementsAttr evaluated(mlir::Operation *op, mlir::RankedTensorType type) {
    if (!ir::isEvaluable(op))
      return {};
    mlir::Location loc = op->getLoc();
    auto scalar = [](mlir::RankedTensorType tensor) {
      return mlir::RankedTensorType::get({}, tensor.getElementType());
    };
    mlir::OpBuilder builder(op->getContext());
    mlir::RankedTensorType result = scalar(type);
    mlir::OwningOpRef<mlir::func::FuncOp> function =
        mlir::func::FuncOp::create(loc, "scalar", builder.getFunctionType({}, {result}));
    builder.setInsertionPointToStart(function->addEntryBlock());
    mlir::Operation *copy = op->clone();
    for (mlir::OpOperand &operand : copy->getOpOperands()) {
      mlir::RankedTensorType operandType = scalar(tensorType(operand.get()));
      operand.set(ir::ConstantOp::create(builder, loc, operandType,
                                         splatOf(operand.get()).resizeSplat(operandType)));
    }
    copy->getResult(0).setType(result);
    builder.insert(copy);
    mlir::func::ReturnOp::create(builder, loc, copy->getResults());
    auto values = ir::evaluate(*function, [](ir::ParameterOp) { return mlir::failure(); });
    if (mlir::failed(values))
      return {};
    llvm::ArrayRef<char> bytes = values->front().bytes();
    if (result.getElementType().isInteger(1))
      return mlir::DenseElementsAttr::get(type, bytes[0] != 0);
    return mlir::DenseElementsAttr::getFromRawBuffer(result, bytes).resizeSplat(type);
  }
};

struct FoldAffine : impl::FoldAffineBase<FoldAffine> {
  void runOnOperation() override {
    mlir::RewritePatternSet patterns(&getContext());
    patterns.add<ConstantToTheRight<ir::AddOp>, ConstantToTheRight<ir::MulOp>, SubToAdd, DivToMul,
                 JoinSteps<ir::AddOp>, JoinSteps<ir::MulOp>, DistributeScale, ScaleIntoConv,
                 ScaleIntoContract, ScaleBeforeConv, ScaleBeforeContract, FoldSplats>(
        &getContext());
    if (mlir::failed(mlir::applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
