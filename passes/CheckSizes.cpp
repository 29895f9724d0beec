// Refuses what kernels cannot index: Halide's integers, extents and strides have 32 bits and wrap
// without a word. Of values that no kernel stores or computes nothing is asked. And what the
// runtime's tables cannot describe: values in memory of too many dimensions.
#include "ir/Layout.h"
#include "ir/SizeLimit.h"
#include "ir/StepAttributes.h"
#include "passes/Model.h"
#include "passes/Passes.h"

#include "llvm/Support/MathExtras.h"

namespace quern::passes {
#define GEN_PASS_DEF_CHECKSIZES
#include "passes/Passes.h.inc"

namespace {

/// Elements in memory, padding of blocks included; INT64_MAX where they are more.
int64_t storedElements(mlir::RankedTensorType type) {
  int64_t count = 1;
  for (const ir::PhysicalDim &dim : ir::physicalDims(type))
    if (llvm::MulOverflow(count, dim.extent, count))
      return INT64_MAX;
  return count;
}

/// What else can be done where the full pass of a model with step programs is too large.
constexpr llvm::StringLiteral dropIt = ", or compile step programs alone (--steps only)";

mlir::LogicalResult checkSize(mlir::Location location, mlir::Type type, llvm::StringRef remedy) {
  auto tensor = llvm::cast<mlir::RankedTensorType>(type);
  int64_t count = storedElements(tensor);
  if (count <= ir::maxElements)
    return mlir::success();
  return mlir::emitError(location)
         << "this is a tensor of shape [" << tensor.getShape() << "], " << count
         << " elements; kernels index at most " << ir::maxElements
         << ": choose smaller sizes, or compute it in parts" << remedy;
}

mlir::LogicalResult checkDimensions(mlir::Location location, mlir::Type type) {
  auto tensor = llvm::cast<mlir::RankedTensorType>(type);
  auto count = static_cast<int64_t>(ir::physicalDims(tensor).size());
  if (count <= ir::maxDimensions)
    return mlir::success();
  return mlir::emitError(location)
         << "this is a tensor of shape [" << tensor.getShape() << "], " << count
         << " dimensions in memory; a model's inputs, outputs and what its kernels hand on have at "
            "most "
         << ir::maxDimensions << ": merge some with reshape";
}

/// Checks the types of all values of a function's body.
mlir::LogicalResult
checkValues(mlir::func::FuncOp function,
            llvm::function_ref<mlir::LogicalResult(mlir::Location, mlir::Type)> check) {
  for (mlir::BlockArgument argument : function.getArguments())
    if (mlir::failed(check(argument.getLoc(), argument.getType())))
      return mlir::failure();
  for (mlir::Operation &op : function.front().without_terminator())
    for (mlir::Type type : op.getResultTypes())
      if (mlir::failed(check(op.getLoc(), type)))
        return mlir::failure();
  return mlir::success();
}

struct CheckSizes : impl::CheckSizesBase<CheckSizes> {
  void runOnOperation() override {
    // The model first: its places are the user's, each of a kernel's is that of one launch.
    mlir::func::FuncOp model = modelOf(getOperation());
    auto isSmall = [remedy = model && model->hasAttr(ir::names::steps) ? dropIt.str() : ""](
                       mlir::Location location, mlir::Type type) {
      return checkSize(location, type, remedy);
    };
    // All of a model's values lie in memory.
    if (model &&
        (failed(checkValues(model, isSmall)) || failed(checkValues(model, checkDimensions))))
      return signalPassFailure();
    for (auto function : getOperation().getOps<mlir::func::FuncOp>())
      if (function->hasAttr(ir::names::kernel) && failed(checkValues(function, isSmall)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
