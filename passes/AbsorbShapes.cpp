// Ops that only move elements, taken into the ops that can read or write through them: fewer
// kernels, and no copies. Every rewrite keeps each scalar operation as it was, so results do not
// change by a bit.
#include "passes/Model.h"
#include "passes/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace quern::passes {
#define GEN_PASS_DEF_ABSORBSHAPES
#include "passes/Passes.h.inc"

namespace {

/// f(broadcast(x), y) -> f(x, y) where the result's shape stays.
struct BroadcastIntoElementwise : mlir::RewritePattern {
  explicit BroadcastIntoElementwise(mlir::MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  mlir::LogicalResult matchAndRewrite(mlir::Operation *op,
                                      mlir::PatternRewriter &rewriter) const override {
    if (!op->hasTrait<ir::Elementwise>())
      return mlir::failure();
    for (mlir::OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<ir::BroadcastOp>();
      if (!broadcast || !keepsShape(op, operand, broadcast.getInput()))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getInput()); });
      return mlir::success();
    }
    return mlir::failure();
  }

private:
  /// Whether the result's shape stays when `operand` becomes `narrow`.
  static bool keepsShape(mlir::Operation *op, mlir::OpOperand &operand, mlir::Value narrow) {
    llvm::ArrayRef<int64_t> shape = tensorType(op->getResult(0)).getShape();
    llvm::SmallVector<int64_t> joined(shape.size(), 1);
    bool sameRank = false;
    for (mlir::OpOperand &other : op->getOpOperands()) {
      mlir::Value value = &other == &operand ? narrow : other.get();
      llvm::ArrayRef<int64_t> extents = tensorType(value).getShape();
      sameRank |= extents.size() == shape.size();
      for (auto [index, extent] : llvm::enumerate(extents)) {
        int64_t &have = joined[shape.size() - extents.size() + index];
        have = std::max(have, extent);
      }
    }
    return sameRank && llvm::ArrayRef<int64_t>(joined) == shape;
  }
};

/// contract(transpose(x), y) -> contract(x, y) with the labels in the order of x's axes.
struct TransposeIntoContract : mlir::OpRewritePattern<ir::ContractOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(ir::ContractOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    auto lhs = op.getLhs().getDefiningOp<ir::TransposeOp>();
    auto rhs = op.getRhs().getDefiningOp<ir::TransposeOp>();
    if (!lhs && !rhs)
      return mlir::failure();
    rewriter.modifyOpInPlace(op, [&] {
      if (lhs) {
        op.setLhsAxes(moved(lhs, op.getLhsAxes()));
        op.getLhsMutable().assign(lhs.getInput());
      }
      if (rhs) {
        op.setRhsAxes(moved(rhs, op.getRhsAxes()));
        op.getRhsMutable().assign(rhs.getInput());
      }
    });
    return mlir::success();
  }

private:
  /// The labels of the transpose's input, given those of its result.
  static llvm::SmallVector<int64_t> moved(ir::TransposeOp transpose,
                                          llvm::ArrayRef<int64_t> labels) {
    llvm::SmallVector<int64_t> result(labels.size());
    for (auto [label, axis] : llvm::zip_equal(labels, transpose.getPermutation()))
      result[axis] = label;
    return result;
  }
};

/// transpose(contract(x, y)) -> contract(x, y) with the result's labels permuted.
struct TransposeOfContract : mlir::OpRewritePattern<ir::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(ir::TransposeOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    auto contract = op.getInput().getDefiningOp<ir::ContractOp>();
    if (!contract || !contract->hasOneUse())
      return mlir::failure();
    llvm::SmallVector<int64_t> labels;
    for (int64_t axis : op.getPermutation())
      labels.push_back(contract.getResultAxes()[axis]);
    rewriter.replaceOpWithNewOp<ir::ContractOp>(op, contract.getLhs(), contract.getRhs(),
                                                contract.getLhsAxes(), contract.getRhsAxes(),
                                                labels);
    return mlir::success();
  }
};

/// transpose(transpose(x)) -> transpose(x).
struct TransposeOfTranspose : mlir::OpRewritePattern<ir::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(ir::TransposeOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ir::TransposeOp>();
    if (!inner)
      return mlir::failure();
    llvm::SmallVector<int64_t> permutation;
    for (int64_t axis : op.getPermutation())
      permutation.push_back(inner.getPermutation()[axis]);
    rewriter.replaceOpWithNewOp<ir::TransposeOp>(op, inner.getInput(), permutation);
    return mlir::success();
  }
};

/// conv(pad(x, 0)) -> conv(x) with the padding its own, where only spatial axes are padded.
struct PadIntoConv : mlir::OpRewritePattern<ir::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(ir::ConvOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    auto pad = op.getInput().getDefiningOp<ir::PadOp>();
    if (!pad || !pad.getValue().isZero())
      return mlir::failure();
    llvm::ArrayRef<int64_t> low = pad.getLow(), high = pad.getHigh();
    if (low[0] || low[1] || high[0] || high[1])
      return mlir::failure();
    llvm::SmallVector<int64_t> padLow(op.getPadLow()), padHigh(op.getPadHigh());
    for (size_t axis = 0; axis < padLow.size(); ++axis) {
      padLow[axis] += low[axis + 2];
      padHigh[axis] += high[axis + 2];
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(pad.getInput());
      op.setPadLow(padLow);
      op.setPadHigh(padHigh);
    });
    return mlir::success();
  }
};

struct AbsorbShapes : impl::AbsorbShapesBase<AbsorbShapes> {
  void runOnOperation() override {
    mlir::RewritePatternSet patterns(&getContext());
    patterns.add<BroadcastIntoElementwise, TransposeIntoContract, TransposeOfContract,
                 TransposeOfTranspose, PadIntoConv>(&getContext());
    if (mlir::failed(mlir::applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
