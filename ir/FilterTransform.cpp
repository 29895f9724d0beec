#include "ir/FilterTransform.h"

#include "ir/conv/Dft.h"
#include "ir/conv/Division.h"
#include "ir/conv/FftPasses.h"
#include "ir/conv/LowRankFilter.h"
#include "ir/conv/SeparableFilter.h"
#include "ir/conv/Strassen.h"
#include "ir/conv/TransformFilter.h"
#include "ir/conv/UnitStride.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <complex>
#include <thread>
#include <vector>

namespace quern::ir {
namespace {

using Extents = llvm::SmallVector<int64_t>;

/// Each level takes 7 / 4 of the memory of the one before.
constexpr int64_t mostStrassenLevels = 3;

/// The filter along each axis, outermost first; a strided axis has the taps of one phase.
std::vector<WinogradSplit> winogradSplits(llvm::ArrayRef<int64_t> tile,
                                          llvm::ArrayRef<int64_t> kernel,
                                          llvm::ArrayRef<int64_t> strides) {
  std::vector<WinogradSplit> axes;
  for (auto [outputs, taps, stride] : llvm::zip_equal(tile, kernel, strides))
    axes.push_back(splitForWinograd(outputs, ceilDiv(taps, stride)));
  return axes;
}

/// [products, O, C / groups * phases * pieces].
Extents winogradShape(llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter,
                      llvm::ArrayRef<int64_t> strides) {
  int64_t products = 1, channels = filter[1];
  for (auto [axis, stride] :
       llvm::zip_equal(winogradSplits(tile, filter.drop_front(2), strides), strides)) {
    products *= axis.products();
    channels *= stride * axis.pieces;
  }
  return {products, filter[0], channels};
}

/// The transform's sizes, innermost first.
std::vector<int64_t> fftSizes(llvm::ArrayRef<int64_t> tile) { return {tile.rbegin(), tile.rend()}; }

/// The phases that a filter for transforms is split into along each axis.
Extents phasesAlong(llvm::ArrayRef<int64_t> filter, llvm::ArrayRef<int64_t> strides,
                    int64_t groups) {
  return sumsSpectra(filter[0], filter[1], groups) ? Extents(strides) : Extents(strides.size(), 1);
}

/// [frequencies, O, C / groups * phases, 2].
Extents spectrumShape(llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter,
                      llvm::ArrayRef<int64_t> phases) {
  int64_t frequencies = 1, channels = filter[1];
  for (const FftPass &pass : fftPasses(fftSizes(tile)))
    frequencies *= pass.stored;
  for (int64_t count : phases)
    channels *= count;
  return {frequencies, filter[0], channels, 2};
}

StrassenFilter strassenOf(ConvAttr algorithm, llvm::ArrayRef<int64_t> filter) {
  bool isWinograd = algorithm.getAlgorithm() == ConvAlgorithm::strassen_winograd;
  return {.form = isWinograd ? BlockProduct::winograd : BlockProduct::strassen,
          .levels = algorithm.getTile()[0],
          .outputs = filter[0],
          .inputs = filter[1],
          .taps = mlir::ShapedType::getNumElements(filter.drop_front(2))};
}

/// Of three axes the outermost, and the other two as one.
SeparableShape separableOf(llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter,
                           int64_t groups) {
  return {.groups = groups,
          .outputs = filter[0],
          .inputs = filter[1],
          .height = filter[2],
          .width = mlir::ShapedType::getNumElements(filter.drop_front(3)),
          .sharesRows = tile[0] == 1};
}

/// Channels of each group between two convolutions; 0 where a separable filter has none.
int64_t rankOf(llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter) {
  return tile.size() > filter.size() - 2 ? tile.back() : 0;
}

std::vector<double> winograd(FilterTransformOp op, llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<double> filter) {
  llvm::ArrayRef<int64_t> kernel = shape.drop_front(2), strides = op.getStrides();
  llvm::ArrayRef<int64_t> tile = op.getAlgorithm().getTile();
  std::vector<WinogradSplit> splits = winogradSplits(tile, kernel, strides);
  int64_t phases = 1, pieces = 1;
  std::vector<int64_t> taps; // of one phase
  std::vector<BilinearAlgorithm> axes;
  for (auto [outputs, extent, stride, split] : llvm::zip_equal(tile, kernel, strides, splits)) {
    phases *= stride;
    taps.push_back(ceilDiv(extent, stride));
    pieces *= split.pieces;
    axes.push_back(winogradAlgorithm(outputs, taps.back()));
  }
  std::vector<double> phased, split;
  std::span<const double> filters = filter;
  if (phases > 1)
    filters = phased = phaseFilter(filters, shape[0], shape[1], kernel, strides);
  if (pieces > 1)
    filters = split = pieceFilter(filters, shape[0], shape[1] * phases, taps, splits);
  return transformFilter(filters, shape[0], shape[1] * phases * pieces, axes);
}

/// Calls `work(first, end)` for runs of at most `each` of `count` things, on all processors.
template <typename Work> void inRuns(int64_t count, int64_t each, Work work) {
  std::atomic<int64_t> next = 0;
  auto takeTurns = [&] {
    for (int64_t first = next.fetch_add(each); first < count; first = next.fetch_add(each))
      work(first, std::min(first + each, count));
  };
  std::vector<std::thread> others;
  int64_t threads =
      std::min<int64_t>(std::max(1U, std::thread::hardware_concurrency()), ceilDiv(count, each));
  for (int64_t i = 1; i < threads; ++i)
    others.emplace_back(takeTurns);
  takeTurns();
  for (std::thread &other : others)
    other.join();
}

/// Spectra in the order of the passes: [frequencies][O][C / groups * phases][2].
template <typename Number>
void spectrum(FilterTransformOp op, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> given,
              Number *stored) {
  FilterTransform transform;
  Extents phases = phasesAlong(shape, op.getStrides(), static_cast<int64_t>(op.getGroups()));
  std::vector<double> phased = phaseFilter(given, shape[0], shape[1], shape.drop_front(2), phases);
  llvm::ArrayRef<double> filter = phased;
  for (size_t a = phases.size(); a-- > 0;)
    transform.kernel.push_back(ceilDiv(shape[2 + a], phases[a]));
  transform.dilation.assign(op.getDilations().rbegin(), op.getDilations().rend());
  transform.sizes = fftSizes(op.getAlgorithm().getTile());
  transform.lead.assign(op.getLead().rbegin(), op.getLead().rend());
  int64_t pairs = op.getResult().getType().getDimSize(1) * op.getResult().getType().getDimSize(2),
          each = transform.frequencies();
  int64_t taps = static_cast<int64_t>(filter.size()) / pairs;
  std::vector<StoredFrequency> order = storedFrequencies(transform.sizes);
  // Some filters at a time: their spectra stay in a cache until they are stored.
  constexpr int64_t filtersAtOnce = 16;
  inRuns(pairs, filtersAtOnce, [&](int64_t first, int64_t end) {
    FilterTransform part = transform;
    part.outChannels = end - first;
    std::vector<std::complex<double>> natural = transformFilter(
        filter.slice(static_cast<size_t>(first * taps), static_cast<size_t>((end - first) * taps)),
        part);
    for (auto [f, frequency] : llvm::enumerate(order))
      for (int64_t pair = first; pair < end; ++pair) {
        std::complex<double> value =
            natural[static_cast<size_t>((pair - first) * each + frequency.index)];
        Number *to = stored + 2 * (static_cast<int64_t>(f) * pairs + pair);
        to[0] = static_cast<Number>(value.real());
        to[1] = static_cast<Number>(frequency.isMirrored ? -value.imag() : value.imag());
      }
  });
}

/// Where the tile says so, the factors by way of channels between, as LowRankBlocks. Else both
/// factors in lines of the longer one's length: [O + groups][C / groups][line].
std::vector<double> separable(FilterTransformOp op, llvm::ArrayRef<int64_t> filter,
                              llvm::ArrayRef<double> values) {
  llvm::ArrayRef<int64_t> tile = op.getAlgorithm().getTile();
  SeparableShape shape = separableOf(tile, filter, static_cast<int64_t>(op.getGroups()));
  auto element = llvm::cast<mlir::FloatType>(op.getFilter().getType().getElementType());
  shape.roundoff = std::ldexp(1.0, -static_cast<int>(element.getFPMantissaWidth()));
  if (int64_t rank = rankOf(tile, filter); rank > 0) {
    LowRankFactors factors = factorise(shape, values, rank, shape.tolerance());
    return LowRankBlocks(shape, rank).store(factors.widenedTo(rank, shape));
  }
  SeparableFactors factors = separate(shape, values);
  std::vector<double> lines;
  auto append = [&](llvm::ArrayRef<double> from, int64_t taps) {
    for (; !from.empty(); from = from.drop_front(static_cast<size_t>(taps))) {
      llvm::append_range(lines, from.take_front(static_cast<size_t>(taps)));
      lines.resize(lines.size() + static_cast<size_t>(std::max(shape.height, shape.width) - taps));
    }
  };
  append(factors.rest, shape.restTaps());
  append(factors.shared, shape.sharedTaps());
  return lines;
}

/// All but spectra, which are stored as they are computed.
std::vector<double> transformed(FilterTransformOp op, llvm::ArrayRef<int64_t> filter,
                                llvm::ArrayRef<double> values) {
  switch (op.getAlgorithm().getAlgorithm()) {
  case ConvAlgorithm::winograd:
    return winograd(op, filter, values);
  case ConvAlgorithm::strassen:
  case ConvAlgorithm::strassen_winograd:
    return strassenFilter(strassenOf(op.getAlgorithm(), filter), values);
  case ConvAlgorithm::separable:
    return separable(op, filter, values);
  case ConvAlgorithm::fft:
  case ConvAlgorithm::direct:
  case ConvAlgorithm::im2col:
  case ConvAlgorithm::implicit_im2col:
    break;
  }
  llvm_unreachable("stored elsewhere, or refused by inferTransformedFilter");
}

mlir::FailureOr<Extents> inferWinograd(std::optional<mlir::Location> loc,
                                       llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter,
                                       llvm::ArrayRef<int64_t> strides) {
  for (auto [outputs, taps, axis] : llvm::zip_equal(
           tile, filter.drop_front(2), winogradSplits(tile, filter.drop_front(2), strides)))
    if (axis.mostProducts() > mostWinogradProducts)
      return mlir::emitOptionalError(loc, "W4: no algorithm of ", outputs, " outputs for ", taps,
                                     " taps");
  return winogradShape(tile, filter, strides);
}

mlir::FailureOr<Extents> inferSpectrum(std::optional<mlir::Location> loc,
                                       llvm::ArrayRef<int64_t> tile, llvm::ArrayRef<int64_t> filter,
                                       llvm::ArrayRef<int64_t> phases,
                                       llvm::ArrayRef<int64_t> dilations) {
  for (auto [size, taps, count, dilation] :
       llvm::zip_equal(tile, filter.drop_front(2), phases, dilations))
    if (!isFftSize(size) || size < (ceilDiv(taps, count) - 1) * dilation + 1)
      return mlir::emitOptionalError(loc, "W4: no transform of ", size, " samples for ", taps,
                                     " taps");
  return spectrumShape(tile, filter, phases);
}

mlir::FailureOr<Extents> inferStrassen(std::optional<mlir::Location> loc, ConvAttr algorithm,
                                       llvm::ArrayRef<int64_t> filter, int64_t groups) {
  if (groups != 1 || algorithm.getTile()[0] > mostStrassenLevels)
    return mlir::emitOptionalError(loc, "W5: ", groups, " groups and ", algorithm.getTile()[0],
                                   " levels for a product of one group and up to ",
                                   mostStrassenLevels, " levels");
  StrassenFilter shape = strassenOf(algorithm, filter);
  return Extents{shape.products(), shape.blockOutputs(), shape.blockInputs(), shape.taps};
}

mlir::FailureOr<Extents> inferSeparable(std::optional<mlir::Location> loc,
                                        llvm::ArrayRef<int64_t> tile,
                                        llvm::ArrayRef<int64_t> filter, int64_t groups) {
  auto isAlong = [&](size_t axis) {
    Extents line(filter.size() - 2, 1);
    line[axis] = filter[2 + axis];
    return llvm::equal(line, tile.take_front(line.size()));
  };
  bool isLine = filter.size() > 3 && (isAlong(0) || (filter.size() == 4 && isAlong(1)));
  if (!isLine || groups < 1 || filter[0] % groups != 0)
    return mlir::emitOptionalError(
        loc, "W6: the first pass is along a line of the kernel's extent along one of two axes or "
             "the outermost of three, and groups divide the outputs");
  SeparableShape shape = separableOf(tile, filter, groups);
  if (int64_t rank = rankOf(tile, filter); rank > 0)
    return Extents{LowRankBlocks(shape, rank).size()};
  return Extents{filter[0] + groups, filter[1], std::max(shape.height, shape.width)};
}

} // namespace

mlir::FailureOr<llvm::SmallVector<int64_t>>
inferTransformedFilter(std::optional<mlir::Location> loc, ConvAttr algorithm,
                       llvm::ArrayRef<int64_t> filter, llvm::ArrayRef<int64_t> strides,
                       llvm::ArrayRef<int64_t> dilations, int64_t groups) {
  size_t spatial = filter.size() - 2;
  if (!algorithm || !algorithm.transformsFilter())
    return mlir::emitOptionalError(loc, "W2: the algorithm transforms no filter");
  llvm::ArrayRef<int64_t> tile = algorithm.getTile();
  ConvAlgorithm kind = algorithm.getAlgorithm();
  bool isStrassen = kind == ConvAlgorithm::strassen || kind == ConvAlgorithm::strassen_winograd;
  bool hasRank = kind == ConvAlgorithm::separable && tile.size() == spatial + 1;
  if (tile.size() != (isStrassen ? 1 : spatial) && !hasRank)
    return mlir::emitOptionalError(loc, "W2: a tile of ", tile.size(), " entries for ", spatial,
                                   " spatial axes");
  if (strides.size() != spatial || dilations.size() != spatial)
    return mlir::emitOptionalError(loc, "W3: ", strides.size(), " strides and ", dilations.size(),
                                   " dilations for ", spatial, " spatial axes");
  if (isStrassen)
    return inferStrassen(loc, algorithm, filter, groups);
  if (kind == ConvAlgorithm::separable)
    return inferSeparable(loc, tile, filter, groups);
  if (kind == ConvAlgorithm::fft)
    return inferSpectrum(loc, tile, filter, phasesAlong(filter, strides, groups), dilations);
  return inferWinograd(loc, tile, filter, strides);
}

mlir::Type transformedElement(mlir::Type element) {
  return element.getIntOrFloatBitWidth() < 32 ? mlir::Float32Type::get(element.getContext())
                                              : element;
}

llvm::SmallVector<int64_t> filterLead(ConvAttr algorithm, llvm::ArrayRef<ConvAxis> axes,
                                      bool sumsSpectra) {
  llvm::SmallVector<int64_t> lead;
  if (algorithm.getAlgorithm() == ConvAlgorithm::fft)
    for (auto [size, axis] : llvm::zip_equal(algorithm.getTile(), axes))
      lead.push_back(unitStride(axis, sumsSpectra).wrappedPadding(size));
  return lead;
}

HostTensor transformFilter(FilterTransformOp op, const HostTensor &filter) {
  std::vector<double> values(static_cast<size_t>(filter.type().getNumElements()));
  filter.loadRow(0, 1, values);
  llvm::ArrayRef<int64_t> shape = filter.type().getShape();
  mlir::RankedTensorType type = op.getResult().getType();
  HostTensor result =
      HostTensor::allocate(mlir::RankedTensorType::get(type.getShape(), type.getElementType()));
  if (op.getAlgorithm().getAlgorithm() != ConvAlgorithm::fft)
    result.storeRow(0, transformed(op, shape, values));
  else if (type.getElementType().isF64())
    spectrum(op, shape, values, reinterpret_cast<double *>(result.mutableBytes().data()));
  else
    spectrum(op, shape, values, reinterpret_cast<float *>(result.mutableBytes().data()));
  return result;
}

} // namespace quern::ir
