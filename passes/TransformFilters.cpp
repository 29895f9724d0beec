// Algorithms that work on transformed filters get them: the transformation becomes an op on the
// weights, which is computed when the model is compiled like any other.
#include "passes/Passes.h"

namespace quern::passes {
#define GEN_PASS_DEF_TRANSFORMFILTERS
#include "passes/Passes.h.inc"

namespace {
struct TransformFilters : impl::TransformFiltersBase<TransformFilters> {
  void runOnOperation() override {
    getOperation().walk([](ir::ConvOp op) {
      if (!op.getAlgorithm() || !op.getAlgorithm()->transformsFilter() || op.getFilter())
        return;
      mlir::OpBuilder builder(op);
      llvm::SmallVector<int64_t> shape(op.getFilterShape());
      op.setFilter(shape);
      op.getWeightMutable().assign(
          ir::FilterTransformOp::create(builder, op.getLoc(), op.getWeight(), *op.getAlgorithm(),
                                        op.getStrides(), op.getDilations(), op.getGroups()));
    });
  }
};
} // namespace
} // namespace quern::passes
