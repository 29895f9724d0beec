// Softmax as the library writes it, exp(x - max(x)) / sum(exp(x - max(x))) along one axis, becomes
// quern.softmax: one kernel that reads x once, instead of four.
#include "passes/Model.h"
#include "passes/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace quern::passes {
#define GEN_PASS_DEF_RECOGNISE
#include "passes/Passes.h.inc"

namespace {

/// If `value` is a reduction of `of` along one axis, and stands for it broadcast along that axis:
/// the axis.
std::optional<int64_t> reducedAlong(mlir::Value value, mlir::Value of, ir::ReduceKind kind) {
  llvm::ArrayRef<int64_t> shape = tensorType(of).getShape();
  if (auto broadcast = value.getDefiningOp<ir::BroadcastOp>();
      broadcast && broadcast.getShape() == shape)
    value = broadcast.getInput();
  llvm::SmallVector<int64_t> kept(tensorType(value).getShape());
  if (auto reshape = value.getDefiningOp<ir::ReshapeOp>())
    value = reshape.getInput();
  auto reduce = value.getDefiningOp<ir::ReduceOp>();
  if (!reduce || reduce.getInput() != of || reduce.getKind() != kind ||
      reduce.getAxes().size() != 1)
    return std::nullopt;
  int64_t axis = reduce.getAxes().front();
  llvm::SmallVector<int64_t> expected(shape);
  expected[axis] = 1;
  // Leading axes of extent 1 may be left out of a broadcast operand.
  if (kept.size() < expected.size())
    kept.insert(kept.begin(), expected.size() - kept.size(), 1);
  if (kept != expected)
    return std::nullopt;
  return axis;
}

struct SoftmaxOfPrimitives : mlir::OpRewritePattern<ir::DivOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(ir::DivOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    auto exp = op.getLhs().getDefiningOp<ir::ExpOp>();
    auto shifted = exp ? exp.getInput().getDefiningOp<ir::SubOp>() : nullptr;
    if (!shifted)
      return mlir::failure();
    mlir::Value x = shifted.getLhs();
    std::optional<int64_t> sum = reducedAlong(op.getRhs(), exp, ir::ReduceKind::sum);
    std::optional<int64_t> max = reducedAlong(shifted.getRhs(), x, ir::ReduceKind::max);
    if (!sum || sum != max)
      return mlir::failure();
    rewriter.replaceOpWithNewOp<ir::SoftmaxOp>(op, x, *sum);
    return mlir::success();
  }
};

struct Recognise : impl::RecogniseBase<Recognise> {
  void runOnOperation() override {
    mlir::RewritePatternSet patterns(&getContext());
    patterns.add<SoftmaxOfPrimitives>(&getContext());
    if (mlir::failed(mlir::applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
