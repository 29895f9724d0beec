// Type inference of contract.
#include "ir/FilterTransform.h"
#include "ir/Infer.h"

#include "llvm/ADT/DenseMap.h"

namespace quern::ir {
namespace {

using Location = std::optional<mlir::Location>;
using Extents = llvm::SmallDenseMap<int64_t, int64_t>;

/// Enters the extents of one operand's labels: (K1), (K2), (K3).
mlir::LogicalResult enter(Location loc, llvm::StringRef which, llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> axes, Extents &extents) {
  if (axes.size() != shape.size())
    return mlir::emitOptionalError(loc, "K1: the ", which, " operand has ", shape.size(),
                                   " axes and ", axes.size(), " labels");
  llvm::SmallDenseMap<int64_t, int64_t> own;
  for (auto [axis, extent] : llvm::zip_equal(axes, shape)) {
    if (!own.try_emplace(axis, extent).second)
      return mlir::emitOptionalError(loc, "K2: label ", axis, " occurs twice in the ", which,
                                     " operand");
    auto [entry, isNew] = extents.try_emplace(axis, extent);
    if (!isNew && entry->second != extent)
      return mlir::emitOptionalError(loc, "K3: label ", axis, " stands for extents ", entry->second,
                                     " and ", extent);
  }
  return mlir::success();
}

/// (K6)
mlir::LogicalResult checkTransformed(Location loc, ConvAttr algorithm,
                                     llvm::ArrayRef<int64_t> filter, mlir::RankedTensorType rhs) {
  bool isStrassen = algorithm && (algorithm.getAlgorithm() == ConvAlgorithm::strassen ||
                                  algorithm.getAlgorithm() == ConvAlgorithm::strassen_winograd);
  bool isMatrix =
      filter.size() > 2 && llvm::all_of(filter.drop_front(2), [](int64_t e) { return e == 1; });
  if (!isStrassen || !isMatrix)
    return mlir::emitOptionalError(
        loc, "K6: a transformed matrix needs one of Strassen's algorithms and its shape as "
             "[columns, depth, 1...]");
  llvm::SmallVector<int64_t> ones(filter.drop_front(2));
  auto transformed = inferTransformedFilter(loc, algorithm, filter, ones, ones, 1);
  if (mlir::failed(transformed))
    return mlir::failure();
  if (rhs.getShape() != llvm::ArrayRef(*transformed))
    return mlir::emitOptionalError(loc, "K6: the right operand is ", rhs,
                                   ", not the transformed matrix");
  return mlir::success();
}

} // namespace

llvm::ArrayRef<int64_t> ContractOp::getRhsShape() {
  return getFilter() ? getFilter()->take_front(2) : getRhs().getType().getShape();
}

mlir::LogicalResult ContractOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                                 llvm::SmallVectorImpl<mlir::Type> &inferred) {
  Extents extents;
  llvm::ArrayRef<int64_t> left = tensorType(adaptor.getLhs()).getShape(),
                          right = tensorType(adaptor.getRhs()).getShape();
  if (std::optional<llvm::ArrayRef<int64_t>> filter = adaptor.getFilter()) {
    if (mlir::failed(checkTransformed(loc, adaptor.getAlgorithm().value_or(ConvAttr()), *filter,
                                      tensorType(adaptor.getRhs()))))
      return mlir::failure();
    right = filter->take_front(2);
  }
  if (mlir::failed(enter(loc, "left", left, adaptor.getLhsAxes(), extents)) ||
      mlir::failed(enter(loc, "right", right, adaptor.getRhsAxes(), extents)))
    return mlir::failure();
  llvm::SmallVector<int64_t> shape;
  llvm::SmallDenseMap<int64_t, bool> seen;
  for (int64_t axis : adaptor.getResultAxes()) {
    if (!seen.try_emplace(axis, true).second)
      return mlir::emitOptionalError(loc, "K2: label ", axis, " occurs twice in the result");
    auto entry = extents.find(axis);
    if (entry == extents.end())
      return mlir::emitOptionalError(loc, "K4: label ", axis, " of the result is in no operand");
    shape.push_back(entry->second);
  }
  mlir::Type element = tensorType(adaptor.getLhs()).getElementType();
  mlir::Type ofRight = adaptor.getFilter() ? transformedElement(element) : element;
  if (tensorType(adaptor.getRhs()).getElementType() != ofRight)
    return mlir::emitOptionalError(loc, "K5: operands have element types ", element, " and ",
                                   tensorType(adaptor.getRhs()).getElementType());
  inferred.push_back(mlir::RankedTensorType::get(shape, element));
  return mlir::success();
}

/// A multiply-add for every combination of labels.
int64_t ContractOp::flops() {
  Extents extents;
  for (auto [axis, extent] : llvm::zip_equal(getLhsAxes(), tensorType(getLhs()).getShape()))
    extents.try_emplace(axis, extent);
  for (auto [axis, extent] : llvm::zip_equal(getRhsAxes(), getRhsShape()))
    extents.try_emplace(axis, extent);
  int64_t product = 2;
  for (auto [axis, extent] : extents)
    product *= extent;
  return product;
}

} // namespace quern::ir
