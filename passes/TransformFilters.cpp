// Algorithms that work on transformed filters get them: the transformation becomes an op on the
// weights, which is computed when the model is compiled like any other.
#include "ir/FilterTransform.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/conv/MatrixProduct.h"

namespace quern::passes {
#define GEN_PASS_DEF_TRANSFORMFILTERS
#include "passes/Passes.h.inc"

namespace {

struct TransformFilters : impl::TransformFiltersBase<TransformFilters> {
  void runOnOperation() override {
    getOperation().walk([](ir::ConvOp op) {
      if (isToTransform(op))
        transform(op);
    });
    getOperation().walk([](ir::ContractOp op) {
      if (isToTransform(op))
        transform(op);
    });
  }

private:
  template <typename Op> static bool isToTransform(Op op) {
    return op.getAlgorithm() && op.getAlgorithm()->transformsFilter() && !op.getFilter();
  }

  static void transform(ir::ConvOp op) {
    mlir::OpBuilder builder(op);
    llvm::SmallVector<int64_t> shape(op.getFilterShape());
    op.setFilter(shape);
    llvm::SmallVector<int64_t> lead = shapeOf(op).filterLead(*op.getAlgorithm());
    op.getWeightMutable().assign(
        ir::FilterTransformOp::create(builder, op.getLoc(), op.getWeight(), *op.getAlgorithm(),
                                      op.getStrides(), op.getDilations(), op.getGroups(), lead));
  }

  /// The matrix as a filter of one tap, and on the right.
  static void transform(ir::ContractOp op) {
    std::optional<MatrixProduct> product = matrixProductOf(op);
    assert(product && "none is chosen for what is no product");
    mlir::OpBuilder builder(op);
    mlir::Value filter = filterOf(builder, *product);
    auto transformed =
        ir::FilterTransformOp::create(builder, op.getLoc(), filter, *op.getAlgorithm(),
                                      llvm::ArrayRef<int64_t>{1}, llvm::ArrayRef<int64_t>{1});
    llvm::SmallVector<int64_t> lhsAxes(product->rowAxes), shape(tensorType(filter).getShape());
    op.getLhsMutable().assign(product->rows);
    op.getRhsMutable().assign(transformed);
    op.setLhsAxes(lhsAxes);
    op.setRhsAxes({product->column, product->depth});
    op.setFilter(shape);
  }
};

} // namespace
} // namespace quern::passes
