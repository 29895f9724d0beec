// Type inference of conv and of the transformation of its filter.
#include "ir/FilterTransform.h"
#include "ir/Infer.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::ir {

mlir::LogicalResult ConvOp::inferReturnTypes(mlir::MLIRContext *, std::optional<mlir::Location> loc,
                                             Adaptor adaptor,
                                             llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType input = tensorType(adaptor.getInput());
  mlir::RankedTensorType weight = tensorType(adaptor.getWeight());
  llvm::ArrayRef<int64_t> filter = adaptor.getFilter().value_or(weight.getShape());
  auto rank = static_cast<int64_t>(filter.size());
  if (input.getRank() != rank || rank < 3 || rank > 5)
    return mlir::emitOptionalError(loc, "C1: input and weight need one rank of 3 to 5, not ",
                                   input.getRank(), " and ", rank);
  mlir::Type element =
      adaptor.getFilter() ? transformedElement(input.getElementType()) : input.getElementType();
  if (weight.getElementType() != element)
    return mlir::emitOptionalError(loc, "C1: input is ", input.getElementType(), ", weight ",
                                   weight.getElementType(), ", not ", element);
  int64_t channels = input.getDimSize(1), outputs = filter[0];
  int64_t groups = static_cast<int64_t>(adaptor.getGroups());
  if (groups < 1 || channels % groups != 0 || outputs % groups != 0)
    return mlir::emitOptionalError(loc, "C4: groups = ", groups, " must divide the input's ",
                                   channels, " and the result's ", outputs, " channels");
  if (filter[1] != channels / groups)
    return mlir::emitOptionalError(loc, "C5: the weight has ", filter[1],
                                   " input channels a group, the input ", channels / groups);
  WindowShape window{filter.drop_front(2), adaptor.getStrides(), adaptor.getDilations(),
                     adaptor.getPadLow(), adaptor.getPadHigh()};
  auto spatial = inferWindow(loc, input.getShape().drop_front(2), window, {"C2", "C3", "C6"});
  if (mlir::failed(spatial))
    return mlir::failure();
  if (adaptor.getFilter()) {
    auto transformed =
        inferTransformedFilter(loc, adaptor.getAlgorithm().value_or(ConvAttr()), filter,
                               adaptor.getStrides(), adaptor.getDilations(), groups);
    if (mlir::failed(transformed))
      return mlir::failure();
    if (weight.getShape() != llvm::ArrayRef(*transformed))
      return mlir::emitOptionalError(loc, "C7: the weight is ", weight,
                                     ", not the transformed filter");
  }
  auto allTaps = mlir::ShapedType::getNumElements(filter.drop_front(2));
  auto taps = static_cast<int64_t>(adaptor.getTaps().value_or(allTaps));
  if (taps < 1 || taps > allTaps)
    return mlir::emitOptionalError(loc, "C8: ", taps, " taps of a kernel of ", allTaps);
  llvm::SmallVector<int64_t> shape{input.getDimSize(0), outputs};
  llvm::append_range(shape, *spatial);
  inferred.push_back(mlir::RankedTensorType::get(shape, input.getElementType()));
  return mlir::success();
}

bool ConvOp::isDepthwise() { return getInput().getType().getDimSize(1) == int64_t(getGroups()); }

bool ConvOp::isPointwise() {
  return llvm::all_of(getKernel(), [](int64_t extent) { return extent == 1; });
}

llvm::ArrayRef<int64_t> ConvOp::getFilterShape() {
  return getFilter().value_or(getWeight().getType().getShape());
}

ConvAlgorithm ConvOp::algorithmOrDirect() {
  return getAlgorithm() ? getAlgorithm()->getAlgorithm() : ConvAlgorithm::direct;
}

int64_t ConvOp::liveTaps() {
  return static_cast<int64_t>(getTaps().value_or(mlir::ShapedType::getNumElements(getKernel())));
}

/// A multiply-add for every result element and tap, taps in the padding included, whatever the
/// algorithm: the textbook count.
int64_t ConvOp::flops() {
  return 2 * tensorType(getResult()).getNumElements() * getFilterShape()[1] * liveTaps();
}

mlir::LogicalResult
FilterTransformOp::inferReturnTypes(mlir::MLIRContext *, std::optional<mlir::Location> loc,
                                    Adaptor adaptor, llvm::SmallVectorImpl<mlir::Type> &inferred) {
  mlir::RankedTensorType filter = tensorType(adaptor.getFilter());
  if (filter.getRank() < 3 || filter.getRank() > 5)
    return mlir::emitOptionalError(loc, "W1: a filter is of rank 3 to 5, not ", filter);
  llvm::ArrayRef<int64_t> lead = adaptor.getLead();
  bool fits = lead.empty() || (adaptor.getAlgorithm().getAlgorithm() == ConvAlgorithm::fft &&
                               lead.size() == adaptor.getAlgorithm().getTile().size());
  for (auto [first, size] : llvm::zip(lead, adaptor.getAlgorithm().getTile()))
    fits = fits && first >= 0 && first < size;
  if (!fits)
    return mlir::emitOptionalError(loc, "W7: a lead of [", lead,
                                   "], not of samples of a transform");
  auto shape =
      inferTransformedFilter(loc, adaptor.getAlgorithm(), filter.getShape(), adaptor.getStrides(),
                             adaptor.getDilations(), static_cast<int64_t>(adaptor.getGroups()));
  if (mlir::failed(shape))
    return mlir::failure();
  inferred.push_back(
      mlir::RankedTensorType::get(*shape, transformedElement(filter.getElementType())));
  return mlir::success();
}

} // namespace quern::ir
