#include "ir/conv/TransformFilter.h"

#include "ir/conv/Division.h"

#include <stdexcept>

namespace quern::ir {

namespace {

/// matrix [rows x extent] applied along the middle axis of data [outer][extent][inner].
std::vector<double> applyAlong(const std::vector<double> &matrix, int64_t extent,
                               const std::vector<double> &data, int64_t inner) {
  auto length = static_cast<size_t>(extent), width = static_cast<size_t>(inner);
  size_t rows = matrix.size() / length, outer = data.size() / (length * width);
  std::vector<double> result(outer * rows * width);
  for (size_t o = 0; o < outer; ++o)
    for (size_t row = 0; row < rows; ++row)
      for (size_t k = 0; k < length; ++k) {
        double factor = matrix[row * length + k];
        const double *from = &data[(o * length + k) * width];
        double *to = &result[(o * rows + row) * width];
        for (size_t i = 0; factor != 0 && i < width; ++i)
          to[i] += factor * from[i];
      }
  return result;
}

/// Counts through all positions of a row-major array of these extents.
template <typename Visit> void forEachPosition(std::span<const int64_t> extents, Visit visit) {
  std::vector<int64_t> position(extents.size(), 0);
  for (;;) {
    visit(position);
    size_t a = extents.size();
    while (a > 0 && ++position[a - 1] == extents[a - 1])
      position[--a] = 0;
    if (a == 0)
      return;
  }
}

} // namespace

std::vector<double> transformFilter(std::span<const double> filter, int64_t outputs, int64_t inputs,
                                    std::span<const BilinearAlgorithm> axes) {
  int64_t taps = 1;
  for (const BilinearAlgorithm &axis : axes)
    taps *= axis.taps;
  // The filters' index innermost, so that the loops above are long.
  auto filters = static_cast<size_t>(outputs * inputs), count = static_cast<size_t>(taps);
  std::vector<double> data(filter.size());
  for (size_t f = 0; f < filters; ++f)
    for (size_t k = 0; k < count; ++k)
      data[k * filters + f] = filter[f * count + k];
  int64_t inner = outputs * inputs;
  for (size_t a = axes.size(); a-- > 0;) {
    data = applyAlong(axes[a].filterTransform.toDoubles(), axes[a].taps, data, inner);
    inner *= axes[a].products;
  }
  return data;
}

namespace {

/// The parts of a filter as further inputs: [outputs][parts * inputs][taps...], where `tapOf(axis,
/// part, tap)` says which tap of the whole along an axis a tap of a part is.
template <typename TapOf>
std::vector<double> splitFilter(std::span<const double> filter, int64_t outputs, int64_t inputs,
                                std::span<const int64_t> kernel, std::span<const int64_t> parts,
                                std::span<const int64_t> taps, TapOf tapOf) {
  std::vector<double> result;
  for (int64_t o = 0; o < outputs; ++o)
    forEachPosition(parts, [&](const std::vector<int64_t> &part) {
      for (int64_t i = 0; i < inputs; ++i)
        forEachPosition(taps, [&](const std::vector<int64_t> &tap) {
          int64_t index = o * inputs + i;
          bool inside = true;
          for (size_t a = 0; a < kernel.size(); ++a) {
            int64_t k = tapOf(a, part[a], tap[a]);
            inside = inside && k < kernel[a];
            index = index * kernel[a] + k;
          }
          result.push_back(inside ? filter[static_cast<size_t>(index)] : 0);
        });
    });
  return result;
}

} // namespace

std::vector<double> phaseFilter(std::span<const double> filter, int64_t outputs, int64_t inputs,
                                std::span<const int64_t> kernel, std::span<const int64_t> strides) {
  std::vector<int64_t> taps(kernel.begin(), kernel.end());
  for (size_t a = 0; a < taps.size(); ++a) {
    if (strides[a] < 1)
      throw std::invalid_argument("a stride below 1");
    taps[a] = ceilDiv(taps[a], strides[a]);
  }
  return splitFilter(
      filter, outputs, inputs, kernel, strides, taps,
      [&](size_t a, int64_t phase, int64_t tap) { return strides[a] * tap + phase; });
}

std::vector<double> pieceFilter(std::span<const double> filter, int64_t outputs, int64_t inputs,
                                std::span<const int64_t> kernel,
                                std::span<const WinogradSplit> axes) {
  std::vector<int64_t> pieces, taps;
  for (const WinogradSplit &axis : axes) {
    pieces.push_back(axis.pieces);
    taps.push_back(axis.taps);
  }
  return splitFilter(filter, outputs, inputs, kernel, pieces, taps,
                     [&](size_t a, int64_t piece, int64_t tap) { return taps[a] * piece + tap; });
}

} // namespace quern::ir
