#include "ir/FilterTransform.h"

#include "ir/conv/Dft.h"
#include "ir/conv/FftPasses.h"
#include "ir/conv/TransformFilter.h"

#include "llvm/ADT/STLExtras.h"

#include <complex>

namespace quern::ir {
namespace {

using Extents = llvm::SmallVector<int64_t>;

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Products of the largest algorithm along one axis: beyond, the matrices' entries outgrow f32.
constexpr int64_t mostWinogradProducts = 12;

/// The algorithm along each axis, outermost first; a strided axis has the taps of one phase.
std::vector<BilinearAlgorithm> winogradAxes(llvm::ArrayRef<int64_t> tile,
                                            llvm::ArrayRef<int64_t> kernel,
                                            llvm::ArrayRef<int64_t> strides) {
  std::vector<BilinearAlgorithm> axes;
  for (auto [outputs, taps, stride] : llvm::zip_equal(tile, kernel, strides))
    axes.push_back(cookToom(outputs, ceilDiv(taps, stride)));
  return axes;
}

/// [products, O, C / groups * phases].
Extents winogradShape(llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter,
                      llvm::ArrayRef<int64_t> strides) {
  int64_t products = 1, channels = filter[1];
  for (const BilinearAlgorithm &axis : winogradAxes(tile, filter.drop_front(2), strides))
    products *= axis.products;
  for (int64_t stride : strides)
    channels *= stride;
  return {products, filter[0], channels};
}

/// The transform's sizes, innermost first.
std::vector<int64_t> fftSizes(llvm::ArrayRef<int64_t> tile) { return {tile.rbegin(), tile.rend()}; }

/// [frequencies, O, C / groups, 2].
Extents spectrumShape(llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter) {
  int64_t frequencies = 1;
  for (const FftPass &pass : fftPasses(fftSizes(tile)))
    frequencies *= pass.stored;
  return {frequencies, filter[0], filter[1], 2};
}

std::vector<double> winograd(FilterTransformOp op, llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<double> filter) {
  llvm::ArrayRef<int64_t> kernel = shape.drop_front(2), strides = op.getStrides();
  int64_t phases = 1;
  for (int64_t stride : strides)
    phases *= stride;
  std::vector<double> phased;
  if (phases > 1)
    phased = phaseFilter(filter, shape[0], shape[1], kernel, strides);
  std::span<const double> split = filter;
  if (phases > 1)
    split = phased;
  return transformFilter(split, shape[0], shape[1] * phases,
                         winogradAxes(op.getAlgorithm().getTile(), kernel, strides));
}

/// Spectra in the order of the passes: [frequencies][O][C / groups][2].
std::vector<double> spectrum(FilterTransformOp op, llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<double> filter) {
  FilterTransform transform{.outChannels = shape[0], .inChannels = shape[1]};
  llvm::ArrayRef<int64_t> kernel = shape.drop_front(2);
  transform.kernel.assign(kernel.rbegin(), kernel.rend());
  transform.dilation.assign(op.getDilations().rbegin(), op.getDilations().rend());
  transform.sizes = fftSizes(op.getAlgorithm().getTile());
  std::vector<std::complex<double>> natural = transformFilter(filter, transform);
  int64_t pairs = shape[0] * shape[1], each = transform.frequencies();
  std::vector<StoredFrequency> order = storedFrequencies(transform.sizes);
  std::vector<double> stored(2 * order.size() * static_cast<size_t>(pairs));
  // Transposed block by block: spectra of so many filters stay in the cache meanwhile.
  constexpr int64_t block = 16;
  for (int64_t first = 0; first < pairs; first += block)
    for (auto [f, frequency] : llvm::enumerate(order))
      for (int64_t pair = first; pair < std::min(first + block, pairs); ++pair) {
        std::complex<double> value = natural[static_cast<size_t>(pair * each + frequency.index)];
        double *to = &stored[2 * (f * static_cast<size_t>(pairs) + static_cast<size_t>(pair))];
        to[0] = value.real();
        to[1] = frequency.isMirrored ? -value.imag() : value.imag();
      }
  return stored;
}

} // namespace

mlir::FailureOr<llvm::SmallVector<int64_t>>
inferTransformedFilter(std::optional<mlir::Location> loc, ConvAttr algorithm,
                       llvm::ArrayRef<int64_t> filter, llvm::ArrayRef<int64_t> strides,
                       llvm::ArrayRef<int64_t> dilations) {
  size_t spatial = filter.size() - 2;
  if (!algorithm || !algorithm.transformsFilter())
    return mlir::emitOptionalError(loc, "W2: the algorithm transforms no filter");
  llvm::ArrayRef<int64_t> tile = algorithm.getTile();
  if (tile.size() != spatial)
    return mlir::emitOptionalError(loc, "W2: a tile of ", tile.size(), " entries for ", spatial,
                                   " spatial axes");
  if (strides.size() != spatial || dilations.size() != spatial)
    return mlir::emitOptionalError(loc, "W3: ", strides.size(), " strides and ", dilations.size(),
                                   " dilations for ", spatial, " spatial axes");
  if (algorithm.getAlgorithm() == ConvAlgorithm::winograd) {
    for (auto [outputs, taps, stride] : llvm::zip_equal(tile, filter.drop_front(2), strides))
      if (outputs > mostWinogradProducts ||
          outputs + ceilDiv(taps, stride) - 1 > mostWinogradProducts)
        return mlir::emitOptionalError(loc, "W4: no algorithm of ", outputs, " outputs for ", taps,
                                       " taps");
    return winogradShape(tile, filter, strides);
  }
  for (auto [size, taps, dilation] : llvm::zip_equal(tile, filter.drop_front(2), dilations))
    if (!isFftSize(size) || size < (taps - 1) * dilation + 1)
      return mlir::emitOptionalError(loc, "W4: no transform of ", size, " samples for ", taps,
                                     " taps");
  return spectrumShape(tile, filter);
}

HostTensor transformFilter(FilterTransformOp op, const HostTensor &filter) {
  std::vector<double> values(static_cast<size_t>(filter.type().getNumElements()));
  filter.loadRow(0, 1, values);
  llvm::ArrayRef<int64_t> shape = filter.type().getShape();
  bool isWinograd = op.getAlgorithm().getAlgorithm() == ConvAlgorithm::winograd;
  values = isWinograd ? winograd(op, shape, values) : spectrum(op, shape, values);
  HostTensor result = HostTensor::allocate(mlir::RankedTensorType::get(
      op.getResult().getType().getShape(), op.getFilter().getType().getElementType()));
  result.storeRow(0, values);
  return result;
}

} // namespace quern::ir
