// Type inference of conv.
#include "ir/Infer.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::ir {

mlir::LogicalResult ConvOp::inferReturnTypes(mlir::MLIRContext *, std::optional<mlir::Location> loc,
                                             Adaptor adaptor,
                                             llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType input = tensorType(adaptor.getInput());
  mlir::RankedTensorType weight = tensorType(adaptor.getWeight());
  if (input.getRank() != weight.getRank() || input.getRank() < 3 || input.getRank() > 5)
    return mlir::emitOptionalError(loc, "C1: input and weight need one rank of 3 to 5, not ",
                                   input.getRank(), " and ", weight.getRank());
  if (input.getElementType() != weight.getElementType())
    return mlir::emitOptionalError(loc, "C1: input is ", input.getElementType(), ", weight ",
                                   weight.getElementType());
  int64_t channels = input.getDimSize(1), outputs = weight.getDimSize(0);
  int64_t groups = static_cast<int64_t>(adaptor.getGroups());
  if (groups < 1 || channels % groups != 0 || outputs % groups != 0)
    return mlir::emitOptionalError(loc, "C4: groups = ", groups, " must divide the input's ",
                                   channels, " and the result's ", outputs, " channels");
  if (weight.getDimSize(1) != channels / groups)
    return mlir::emitOptionalError(loc, "C5: the weight has ", weight.getDimSize(1),
                                   " input channels a group, the input ", channels / groups);
  WindowShape window{weight.getShape().drop_front(2), adaptor.getStrides(), adaptor.getDilations(),
                     adaptor.getPadLow(), adaptor.getPadHigh()};
  auto spatial = inferWindow(loc, input.getShape().drop_front(2), window, {"C2", "C3", "C6"});
  if (mlir::failed(spatial))
    return mlir::failure();
  llvm::SmallVector<int64_t> shape{input.getDimSize(0), outputs};
  llvm::append_range(shape, *spatial);
  inferred.push_back(mlir::RankedTensorType::get(shape, input.getElementType()));
  return mlir::success();
}

bool ConvOp::isDepthwise() { return getInput().getType().getDimSize(1) == int64_t(getGroups()); }

bool ConvOp::isPointwise() {
  return llvm::all_of(getWeight().getType().getShape().drop_front(2),
                      [](int64_t extent) { return extent == 1; });
}

/// A multiply-add for every result element and tap, taps in the padding included.
int64_t ConvOp::flops() {
  mlir::RankedTensorType weight = tensorType(getWeight());
  return 2 * tensorType(getResult()).getNumElements() *
         (weight.getNumElements() / weight.getDimSize(0));
}

} // namespace quern::ir
