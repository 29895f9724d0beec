// Type inference of resize.
#include "ir/Infer.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::ir {

mlir::LogicalResult ResizeOp::inferReturnTypes(mlir::MLIRContext *,
                                               std::optional<mlir::Location> loc, Adaptor adaptor,
                                               llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType input = tensorType(adaptor.getInput());
  llvm::ArrayRef<int64_t> sizes = adaptor.getSizes();
  if (input.getRank() < 3 || static_cast<int64_t>(sizes.size()) != input.getRank() - 2)
    return mlir::emitOptionalError(loc, "Z1: an input of rank ", input.getRank(), " with ",
                                   sizes.size(), " sizes");
  if (llvm::any_of(sizes, [](int64_t size) { return size < 1; }))
    return mlir::emitOptionalError(loc, "Z2: sizes must be at least 1");
  if (adaptor.getAntialias() && (adaptor.getMode() == ResizeMode::nearest ||
                                 adaptor.getCoordinates() != ResizeCoordinates::half_pixel))
    return mlir::emitOptionalError(loc, "Z3: antialias needs linear or cubic, and half_pixel");
  llvm::SmallVector<int64_t> shape(input.getShape().take_front(2));
  llvm::append_range(shape, sizes);
  inferred.push_back(mlir::RankedTensorType::get(shape, input.getElementType()));
  return mlir::success();
}

/// Separable: a multiply-add for each tap of each axis; the taps of a widened filter are not
/// counted.
int64_t ResizeOp::flops() {
  int64_t taps = getMode() == ResizeMode::nearest ? 0 : getMode() == ResizeMode::linear ? 2 : 4;
  return 2 * taps * getSizes().size() * tensorType(getResult()).getNumElements();
}

} // namespace quern::ir
