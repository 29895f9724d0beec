// Attention as what the kernels know: two contractions around a softmax. Scores that the mask rules
// out become the lowest number before the softmax and zero after it, so that a query which may see
// nothing gives zeros.
#include "passes/Model.h"
#include "passes/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace quern::passes {
#define GEN_PASS_DEF_LOWERATTENTION
#include "passes/Passes.h.inc"

namespace {

struct AttentionIntoContractions : mlir::OpRewritePattern<ir::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(ir::AttentionOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    mlir::Location loc = op.getLoc();
    auto element = llvm::cast<mlir::FloatType>(op.getQuery().getType().getElementType());
    auto scalar = [&](const llvm::APFloat &value) -> mlir::Value {
      auto type = mlir::RankedTensorType::get({}, element);
      return ir::ConstantOp::create(
          rewriter, loc, type,
          mlir::DenseElementsAttr::get(type, rewriter.getFloatAttr(element, value)));
    };
    // Labels: batch, head, query, channel, key.
    mlir::Value scores = ir::ContractOp::create(
        rewriter, loc, op.getQuery(), op.getKey(), llvm::ArrayRef<int64_t>{0, 1, 2, 3},
        llvm::ArrayRef<int64_t>{0, 1, 4, 3}, llvm::ArrayRef<int64_t>{0, 1, 2, 4});
    bool loses = false;
    llvm::APFloat scale = op.getScale();
    scale.convert(element.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &loses);
    scores = ir::MulOp::create(rewriter, loc, scores, scalar(scale));
    if (mlir::Value mask = op.getMask())
      scores = ir::SelectOp::create(
          rewriter, loc, mask, scores,
          scalar(llvm::APFloat::getLargest(element.getFloatSemantics(), /*Negative=*/true)));
    mlir::Value weights = ir::SoftmaxOp::create(rewriter, loc, scores, 3);
    if (mlir::Value mask = op.getMask())
      weights = ir::SelectOp::create(rewriter, loc, mask, weights,
                                     scalar(llvm::APFloat::getZero(element.getFloatSemantics())));
    rewriter.replaceOpWithNewOp<ir::ContractOp>(
        op, weights, op.getValue(), llvm::ArrayRef<int64_t>{0, 1, 2, 4},
        llvm::ArrayRef<int64_t>{0, 1, 4, 3}, llvm::ArrayRef<int64_t>{0, 1, 2, 3});
    return mlir::success();
  }
};

struct LowerAttention : impl::LowerAttentionBase<LowerAttention> {
  void runOnOperation() override {
    mlir::RewritePatternSet patterns(&getContext());
    patterns.add<AttentionIntoContractions>(&getContext());
    if (mlir::failed(mlir::applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
