// Type inference of attention.
#include "ir/Infer.h"

#include <cmath>

namespace quern::ir {

mlir::LogicalResult AttentionOp::inferReturnTypes(mlir::MLIRContext *,
                                                  std::optional<mlir::Location> loc,
                                                  Adaptor adaptor,
                                                  llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType query = tensorType(adaptor.getQuery());
  mlir::RankedTensorType key = tensorType(adaptor.getKey());
  mlir::RankedTensorType value = tensorType(adaptor.getValue());
  auto describe = [&] {
    return shapeText(query.getShape()) + ", " + shapeText(key.getShape()) + " and " +
           shapeText(value.getShape());
  };
  auto agrees = [&](mlir::RankedTensorType other) {
    return other.getRank() == 4 && other.getElementType() == query.getElementType() &&
           other.getShape().take_front(2) == query.getShape().take_front(2);
  };
  if (query.getRank() != 4 || !agrees(key) || !agrees(value))
    return mlir::emitOptionalError(loc,
                                   "A1: query, key and value need rank 4, one element type, "
                                   "equal batches and heads, not ",
                                   describe());
  if (query.getDimSize(3) != key.getDimSize(3) || key.getDimSize(2) != value.getDimSize(2))
    return mlir::emitOptionalError(loc, "A2: ", describe(),
                                   " differ in the query's and key's last axis or in the number of "
                                   "keys and values");
  if (mlir::Value mask = adaptor.getMask()) {
    llvm::SmallVector<int64_t> expected{query.getDimSize(2), key.getDimSize(2)};
    if (tensorType(mask).getShape() != llvm::ArrayRef(expected))
      return mlir::emitOptionalError(loc, "A3: the mask is ",
                                     shapeText(tensorType(mask).getShape()), ", not ",
                                     shapeText(expected));
  }
  if (!std::isfinite(adaptor.getScale().convertToDouble()))
    return mlir::emitOptionalError(loc, "A4: scale is not finite");
  llvm::SmallVector<int64_t> shape(query.getShape());
  shape[3] = value.getDimSize(3);
  inferred.push_back(mlir::RankedTensorType::get(shape, query.getElementType()));
  return mlir::success();
}

/// Both products, and for each score a scaling, an exponential, a comparison, a sum and a division.
int64_t AttentionOp::flops() {
  mlir::RankedTensorType query = getQuery().getType();
  int64_t scores = query.getNumElements() / query.getDimSize(3) * getKey().getType().getDimSize(2);
  return scores * (2 * query.getDimSize(3) + 2 * getValue().getType().getDimSize(3) + 5);
}

} // namespace quern::ir
