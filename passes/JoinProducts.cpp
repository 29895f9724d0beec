// A sum of products, as skip connections and stacks that meet leave it in a step program, is one
// product over the segments of all: one kernel that reads their weights in a row instead of many
// whose own work takes no longer than their call. Rounding changes by a few units in the last
// place.
#include "ir/SegmentDot.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/WeightExpression.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace quern::passes {
#define GEN_PASS_DEF_JOINPRODUCTS
#include "passes/Passes.h.inc"

namespace {

using mlir::Value;

/// Operands that one kernel has at most.
constexpr size_t mostSegments = 48;

/// The addition whose result `value` is, if it does not widen it and nothing else reads it.
ir::AddOp innerSum(Value value, mlir::Type type) {
  auto add = value.getDefiningOp<ir::AddOp>();
  return add && value.hasOneUse() && value.getType() == type ? add : ir::AddOp();
}

/// What a tree of additions adds up.
struct Terms {
  llvm::SmallVector<ir::SegmentDotOp> products;
  llvm::SmallVector<Value> constants, others;
  size_t segments = 0;

  void gather(Value value, mlir::Type type) {
    if (ir::AddOp add = innerSum(value, type)) {
      gather(add.getLhs(), type);
      gather(add.getRhs(), type);
      return;
    }
    auto product = value.getDefiningOp<ir::SegmentDotOp>();
    bool joins = product && value.hasOneUse() && value.getType() == type &&
                 isWeightExpression(product.getWeight()) &&
                 segments + product.getSegments().size() <= mostSegments;
    if (joins) {
      segments += product.getSegments().size();
      products.push_back(product);
    } else {
      (isWeightExpression(value) ? constants : others).push_back(value);
    }
  }
};

Value joined(mlir::PatternRewriter &rewriter, mlir::Location loc,
             llvm::ArrayRef<ir::SegmentDotOp> products) {
  llvm::SmallVector<Value> segments, weights;
  llvm::SmallVector<mlir::Location> places;
  for (ir::SegmentDotOp product : products) {
    llvm::append_range(segments, product.getSegments());
    weights.push_back(product.getWeight());
    places.push_back(product.getLoc());
  }
  Value weight = ir::ConcatOp::create(rewriter, loc, weights, 0);
  ir::SegmentDotOp first = products.front();
  return ir::SegmentDotOp::create(rewriter, rewriter.getFusedLoc(places), segments, weight,
                                  first.getRank());
}

Value sumOf(mlir::PatternRewriter &rewriter, mlir::Location loc, llvm::ArrayRef<Value> terms) {
  Value sum = terms.front();
  for (Value term : terms.drop_front())
    sum = ir::AddOp::create(rewriter, loc, sum, term);
  return sum;
}

struct JoinSum : mlir::OpRewritePattern<ir::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(ir::AddOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    mlir::Type type = op.getType();
    bool isInner = op->hasOneUse() && llvm::isa<ir::AddOp>(*op->user_begin()) &&
                   op->user_begin()->getResult(0).getType() == type;
    if (isInner)
      return mlir::failure();
    Terms terms;
    terms.gather(op.getLhs(), type);
    terms.gather(op.getRhs(), type);
    if (terms.products.size() < 2)
      return mlir::failure();
    llvm::SmallVector<Value> sum{joined(rewriter, op.getLoc(), terms.products)};
    llvm::append_range(sum, terms.others);
    if (!terms.constants.empty())
      sum.push_back(sumOf(rewriter, op.getLoc(), terms.constants));
    rewriter.replaceOp(op, sumOf(rewriter, op.getLoc(), sum));
    return mlir::success();
  }
};

struct JoinProducts : impl::JoinProductsBase<JoinProducts> {
  void runOnOperation() override {
    mlir::RewritePatternSet patterns(&getContext());
    patterns.add<JoinSum>(&getContext());
    if (mlir::failed(mlir::applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
