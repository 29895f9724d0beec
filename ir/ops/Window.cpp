// Type inference of window_reduce.
#include "ir/Infer.h"

namespace quern::ir {

mlir::LogicalResult WindowReduceOp::inferReturnTypes(mlir::MLIRContext *,
                                                     std::optional<mlir::Location> loc,
                                                     Adaptor adaptor,
                                                     llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType input = tensorType(adaptor.getInput());
  if (input.getRank() < 3 || input.getRank() > 5)
    return mlir::emitOptionalError(loc, "W1: the input needs rank 3 to 5, not ", input.getRank());
  bool needsFloat = adaptor.getKind() == ReduceKind::mean || adaptor.getKind() == ReduceKind::prod;
  if (needsFloat && !llvm::isa<mlir::FloatType>(input.getElementType()))
    return mlir::emitOptionalError(loc, "W5: this kind needs floating-point elements, not ",
                                   input.getElementType());
  WindowShape window{adaptor.getWindow(), adaptor.getStrides(), adaptor.getDilations(),
                     adaptor.getPadLow(), adaptor.getPadHigh()};
  auto spatial = inferWindow(loc, input.getShape().drop_front(2), window, {"W1", "W2", "W3"});
  if (mlir::failed(spatial))
    return mlir::failure();
  for (size_t i = 0; i < window.window.size(); ++i) {
    int64_t reach = window.dilations[i] * (window.window[i] - 1) + 1;
    if (window.padLow[i] >= reach || window.padHigh[i] >= reach)
      return mlir::emitOptionalError(loc, "W4: padding ", window.padLow[i], " and ",
                                     window.padHigh[i], " must be smaller than the window's span ",
                                     reach);
  }
  llvm::SmallVector<int64_t> shape(input.getShape().take_front(2));
  llvm::append_range(shape, *spatial);
  inferred.push_back(mlir::RankedTensorType::get(shape, input.getElementType()));
  return mlir::success();
}

/// One operation for every result element and tap.
int64_t WindowReduceOp::flops() {
  int64_t taps = 1;
  for (int64_t extent : getWindow())
    taps *= extent;
  return taps * tensorType(getResult()).getNumElements();
}

} // namespace quern::ir
