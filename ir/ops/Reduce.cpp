// Type inference of reduce and softmax.
#include "ir/Infer.h"
#include "ir/Layout.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::ir {

mlir::LogicalResult ReduceOp::inferReturnTypes(mlir::MLIRContext *,
                                               std::optional<mlir::Location> loc, Adaptor adaptor,
                                               llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType input = tensorType(adaptor.getInput());
  llvm::ArrayRef<int64_t> axes = adaptor.getAxes();
  bool ascending = llvm::adjacent_find(axes, std::greater_equal<int64_t>()) == axes.end();
  if (axes.empty() || !ascending || axes.front() < 0 || axes.back() >= input.getRank())
    return mlir::emitOptionalError(loc, "R1: axes must be ascending and within 0..",
                                   input.getRank());
  if (adaptor.getKind() == ReduceKind::mean && !llvm::isa<mlir::FloatType>(input.getElementType()))
    return mlir::emitOptionalError(loc, "R2: mean needs floating-point elements, not ",
                                   input.getElementType());
  llvm::SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(input.getShape())) {
    bool reduced = llvm::is_contained(axes, static_cast<int64_t>(axis));
    if (!reduced)
      shape.push_back(extent);
    else if (adaptor.getKeepAxes())
      shape.push_back(1);
  }
  inferred.push_back(mlir::RankedTensorType::get(shape, input.getElementType()));
  return mlir::success();
}

int64_t ReduceOp::flops() { return tensorType(getInput()).getNumElements(); }

mlir::LogicalResult SoftmaxOp::inferReturnTypes(mlir::MLIRContext *,
                                                std::optional<mlir::Location> loc, Adaptor adaptor,
                                                llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType input = tensorType(adaptor.getInput());
  int64_t axis = static_cast<int64_t>(adaptor.getAxis());
  if (axis < 0 || axis >= input.getRank())
    return mlir::emitOptionalError(loc, "S1: axis ", axis, " is not within 0..", input.getRank());
  inferred.push_back(rowMajor(input));
  return mlir::success();
}

/// Maximum, subtraction, exponential, sum and division: five an element.
int64_t SoftmaxOp::flops() { return 5 * tensorType(getInput()).getNumElements(); }

} // namespace quern::ir
