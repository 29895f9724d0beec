#include "ir/FilterTransform.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::ir {
namespace {

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// [products, O, C / groups * phases].
llvm::SmallVector<int64_t> winogradShape(llvm::ArrayRef<int64_t> tile,
                                         llvm::ArrayRef<int64_t> filter,
                                         llvm::ArrayRef<int64_t> strides) {
  int64_t products = 1, channels = filter[1];
  for (size_t axis = 0; axis < tile.size(); ++axis) {
    products *= tile[axis] + ceilDiv(filter[2 + axis], strides[axis]) - 1;
    channels *= strides[axis];
  }
  return {products, filter[0], channels};
}

/// [frequencies, O, C / groups, 2]: the innermost axis is real, so half its frequencies say all.
llvm::SmallVector<int64_t> spectrumShape(llvm::ArrayRef<int64_t> length,
                                         llvm::ArrayRef<int64_t> filter) {
  int64_t frequencies = length.back() / 2 + 1;
  for (int64_t n : length.drop_back())
    frequencies *= n;
  return {frequencies, filter[0], filter[1], 2};
}

} // namespace

mlir::FailureOr<llvm::SmallVector<int64_t>>
inferTransformedFilter(std::optional<mlir::Location> loc, ConvAttr algorithm,
                       llvm::ArrayRef<int64_t> filter, llvm::ArrayRef<int64_t> strides) {
  size_t spatial = filter.size() - 2;
  if (!algorithm || !algorithm.transformsFilter())
    return mlir::emitOptionalError(loc, "W2: the algorithm transforms no filter");
  bool isStrassen = algorithm.getAlgorithm() == ConvAlgorithm::strassen;
  if (algorithm.getTile().size() != (isStrassen ? 1 : spatial))
    return mlir::emitOptionalError(loc, "W2: a tile of ", algorithm.getTile().size(),
                                   " entries for ", spatial, " spatial axes");
  if (strides.size() != spatial)
    return mlir::emitOptionalError(loc, "W3: ", strides.size(), " strides for ", spatial,
                                   " spatial axes");
  if (algorithm.getAlgorithm() == ConvAlgorithm::winograd)
    return winogradShape(algorithm.getTile(), filter, strides);
  return spectrumShape(algorithm.getTile(), filter);
}

HostTensor transformFilter(FilterTransformOp op, const HostTensor &filter) {
  (void)op;
  return filter;
}

} // namespace quern::ir
