#include "passes/causal/ShapeOps.h"

namespace quern::passes {

using mlir::Value;

mlir::RankedTensorType shaped(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, type.getElementType());
}

Value reshaped(mlir::OpBuilder &builder, Value value, llvm::ArrayRef<int64_t> shape) {
  mlir::RankedTensorType type = ir::tensorType(value);
  if (type.getShape() == shape)
    return value;
  return ir::ReshapeOp::create(builder, value.getLoc(), shaped(type, shape), value, shape);
}

Value permuted(mlir::OpBuilder &builder, Value value, llvm::ArrayRef<int64_t> permutation) {
  mlir::RankedTensorType type = ir::tensorType(value);
  llvm::SmallVector<int64_t> shape, moving;
  for (int64_t axis : permutation) {
    shape.push_back(type.getDimSize(axis));
    if (shape.back() != 1)
      moving.push_back(axis);
  }
  if (llvm::is_sorted(moving))
    return reshaped(builder, value, shape);
  return ir::TransposeOp::create(builder, value.getLoc(), shaped(type, shape), value, permutation);
}

Value firstAlong(mlir::OpBuilder &builder, Value value, int64_t axis, int64_t count) {
  llvm::SmallVector<int64_t> sizes(ir::tensorType(value).getShape());
  llvm::SmallVector<int64_t> starts(sizes.size(), 0), ones(sizes.size(), 1);
  if (sizes[static_cast<size_t>(axis)] == count)
    return value;
  sizes[static_cast<size_t>(axis)] = count;
  return ir::SliceOp::create(builder, value.getLoc(), value, starts, sizes, ones);
}

} // namespace quern::passes
