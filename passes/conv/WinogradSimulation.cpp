#include "passes/conv/WinogradSimulation.h"

#include "ir/HostTensor.h"
#include "ir/conv/Division.h"
#include "ir/conv/LinearTransform.h"
#include "ir/conv/TransformFilter.h"

#include <cmath>
#include <valarray>

namespace quern::passes {
namespace {

using ir::ceilDiv;

using Numbers = std::valarray<float>;

struct OfNumbers {
  static Numbers times(const ir::Rational &factor, const Numbers &values) {
    return static_cast<float>(factor.toDouble()) * values;
  }
  static Numbers zero(const Numbers &like) { return Numbers(0.0F, like.size()); }
};

/// Transforms one axis of an array of `extents`.
std::vector<float> transformAxis(const std::vector<float> &data,
                                 llvm::SmallVectorImpl<int64_t> &extents, size_t axis,
                                 const std::vector<ir::RationalMatrix> &matrices) {
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i)
    outer *= extents[i];
  for (size_t i = axis + 1; i < extents.size(); ++i)
    inner *= extents[i];
  // Of each index along the axis, all numbers that have it.
  auto indices = [&](int64_t index, int64_t count) {
    return std::gslice(static_cast<size_t>(index * inner),
                       {static_cast<size_t>(outer), static_cast<size_t>(inner)},
                       {static_cast<size_t>(count * inner), 1});
  };
  Numbers all(data.data(), data.size());
  std::vector<Numbers> values;
  for (int64_t j = 0; j < extents[axis]; ++j)
    values.emplace_back(all[indices(j, extents[axis])]);
  values = ir::LinearTransform<OfNumbers, Numbers>::apply(matrices, std::move(values));
  extents[axis] = static_cast<int64_t>(values.size());
  all.resize(static_cast<size_t>(outer * extents[axis] * inner));
  for (int64_t i = 0; i < extents[axis]; ++i)
    all[indices(i, extents[axis])] = values[static_cast<size_t>(i)];
  return {std::begin(all), std::end(all)};
}

class Simulation {
public:
  Simulation(const SampleConv &sample, const Tile &tile)
      : sample(sample), tile(tile), channels(sample.channels) {
    for (auto [extent, taps] : llvm::zip_equal(tile, sample.kernel)) {
      axes.push_back(ir::winogradAlgorithm(extent, taps));
      splits.push_back(ir::splitForWinograd(extent, taps));
      pieces.push_back(splits.back().pieces);
      channels *= pieces.back();
      points *= axes.back().products;
    }
    std::vector<double> filter(sample.filter.begin(), sample.filter.end());
    filter = ir::pieceFilter(filter, sample.outputs, sample.channels, sample.kernel, splits);
    for (double value : ir::transformFilter(filter, sample.outputs, channels, axes))
      weights.push_back(static_cast<float>(value));
    result.resize(static_cast<size_t>(sample.outputs * sample.outputSize()));
  }

  /// All tiles at once, the innermost axis first, as kernels do.
  std::vector<float> run() {
    for (auto [extent, outputs] : llvm::zip_equal(sample.out, tile))
      counts.push_back(ceilDiv(extent, outputs));
    std::vector<float> data;
    ir::forEachIndex(counts, [&](llvm::ArrayRef<int64_t> at) { cut(at, data); });
    int64_t tiles = static_cast<int64_t>(data.size());
    llvm::SmallVector<int64_t> extents{0};
    for (const ir::BilinearAlgorithm &axis : axes) {
      extents.push_back(axis.inputs);
      tiles /= axis.inputs;
    }
    extents[0] = tiles;
    for (size_t axis = axes.size(); axis-- > 0;)
      data = transformAxis(data, extents, 1 + axis, axes[axis].inputTransform);
    tiles /= channels;
    data = products(data, tiles);
    extents[0] = tiles * sample.outputs;
    for (size_t axis = axes.size(); axis-- > 0;)
      data = transformAxis(data, extents, 1 + axis, axes[axis].outputTransform);
    const float *next = data.data();
    ir::forEachIndex(counts, [&](llvm::ArrayRef<int64_t> at) { paste(at, next); });
    return std::move(result);
  }

private:
  /// [tiles][outputs][points], summed over channels.
  std::vector<float> products(const std::vector<float> &data, int64_t tiles) const {
    std::vector<float> sums(static_cast<size_t>(tiles * sample.outputs * points));
    for (int64_t t = 0; t < tiles; ++t)
      for (int64_t o = 0; o < sample.outputs; ++o)
        for (int64_t c = 0; c < channels; ++c) {
          float *sum = sums.data() + (t * sample.outputs + o) * points;
          const float *value = data.data() + (t * channels + c) * points;
          const float *weight = weights.data() + o * channels + c;
          for (int64_t point = 0; point < points; ++point)
            sum[point] =
                std::fma(value[point], weight[point * sample.outputs * channels], sum[point]);
        }
    return sums;
  }

  /// The inputs of a tile for each piece of the filter, zeros where it reaches past the sample.
  void cut(llvm::ArrayRef<int64_t> at, std::vector<float> &data) const {
    llvm::SmallVector<int64_t, 3> in = sample.in(), box;
    for (const ir::BilinearAlgorithm &axis : axes)
      box.push_back(axis.inputs);
    ir::forEachIndex(pieces, [&](llvm::ArrayRef<int64_t> piece) {
      for (int64_t c = 0; c < sample.channels; ++c)
        ir::forEachIndex(box, [&](llvm::ArrayRef<int64_t> within) {
          int64_t offset = c;
          bool inside = true;
          for (size_t axis = 0; axis < in.size(); ++axis) {
            int64_t x = at[axis] * tile[axis] + piece[axis] * axes[axis].taps + within[axis];
            inside &= x < in[axis];
            offset = offset * in[axis] + x;
          }
          data.push_back(inside ? sample.input[static_cast<size_t>(offset)] : 0.0F);
        });
    });
  }

  void paste(llvm::ArrayRef<int64_t> at, const float *&next) {
    for (int64_t o = 0; o < sample.outputs; ++o)
      ir::forEachIndex(tile, [&](llvm::ArrayRef<int64_t> within) {
        float value = *next++;
        int64_t offset = o;
        bool inside = true;
        for (size_t axis = 0; axis < sample.out.size(); ++axis) {
          int64_t x = at[axis] * tile[axis] + within[axis];
          inside &= x < sample.out[axis];
          offset = offset * sample.out[axis] + x;
        }
        if (inside)
          result[static_cast<size_t>(offset)] = value;
      });
  }

  const SampleConv &sample;
  const Tile &tile;
  int64_t channels;                             ///< of the sample, times the pieces
  llvm::SmallVector<int64_t, 3> pieces, counts; ///< of the filter; of tiles
  std::vector<ir::BilinearAlgorithm> axes;
  std::vector<ir::WinogradSplit> splits;
  int64_t points = 1;
  std::vector<float> weights, result;
};

} // namespace

std::vector<float> simulateWinograd(const SampleConv &sample, const Tile &tile) {
  return Simulation(sample, tile).run();
}

} // namespace quern::passes
