// Type inference of segment_dot.
#include "ir/SegmentDot.h"

#define GET_OP_CLASSES
#include "ir/QuernSegmentDot.cpp.inc"

namespace quern::ir {

mlir::LogicalResult SegmentDotOp::inferReturnTypes(mlir::MLIRContext *,
                                                   std::optional<mlir::Location> loc,
                                                   Adaptor adaptor,
                                                   llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType weight = tensorType(adaptor.getWeight());
  if (adaptor.getSegments().empty())
    return mlir::emitOptionalError(loc, "D1: segment_dot needs a segment");
  int64_t depth = 0;
  for (mlir::Value segment : adaptor.getSegments()) {
    mlir::RankedTensorType type = tensorType(segment);
    if (type.getRank() != 3 || type.getElementType() != weight.getElementType())
      return mlir::emitOptionalError(loc, "D1: a segment is ", type, " for a weight ", weight);
    if (type.getDimSize(1) != tensorType(adaptor.getSegments().front()).getDimSize(1))
      return mlir::emitOptionalError(loc, "D2: segments have different numbers of rows");
    depth += type.getDimSize(0) * type.getDimSize(2);
  }
  if (weight.getRank() != 2 || weight.getDimSize(0) != depth)
    return mlir::emitOptionalError(loc, "D3: the weight is ", weight, " for segments of ", depth,
                                   " elements a row");
  if (adaptor.getRank() < 2)
    return mlir::emitOptionalError(loc, "D4: a result of rank ", adaptor.getRank());
  llvm::SmallVector<int64_t> shape(static_cast<size_t>(adaptor.getRank()), 1);
  shape[0] = tensorType(adaptor.getSegments().front()).getDimSize(1);
  shape[1] = weight.getDimSize(1);
  inferred.push_back(mlir::RankedTensorType::get(shape, weight.getElementType()));
  return mlir::success();
}

/// A multiply-add for every row and element of the weight.
int64_t SegmentDotOp::flops() {
  return 2 * tensorType(getResult()).getDimSize(0) * tensorType(getWeight()).getNumElements();
}

} // namespace quern::ir
