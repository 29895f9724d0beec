// Winograd (Cook-Toom): F(m, r) along each axis, exact in rationals, with an error that grows with
// m.
#include "ir/HostTensor.h"
#include "ir/conv/Division.h"
#include "ir/conv/TransformFilter.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/MachineTime.h"

#include <cmath>
#include <limits>

namespace quern::passes {
namespace {

/// Shares of the peak that products reach between the transforms, what a transform's additions cost
/// in flops of the peak, shares of the fetching of weights and of the moving of images that these
/// do not hide, and how often the input passes for each further piece of a filter
/// (bench/README.md).
constexpr double denseEfficiency = 0.60;
constexpr double narrowEfficiency = 0.10;
constexpr double additionCost = 2.0;
constexpr double exposedFetch = 1.4;
constexpr double exposedMoves = 2.8;
constexpr double piecePasses = 1.5;
constexpr int64_t mostProductsAlong = 8;
constexpr int64_t mostProducts = 512;
constexpr double mostFilterBytes = std::numeric_limits<int32_t>::max();

using ir::ceilDiv;

/// Taps along an axis after a stride is split into phases, and a long filter into pieces.
int64_t partTaps(const ConvAxis &axis) { return ir::pieceTaps(ceilDiv(axis.kernel, axis.stride)); }

int64_t pieces(const ConvShape &shape) {
  int64_t count = 1;
  for (const ConvAxis &axis : shape.axes)
    count *= ir::pieceCount(ceilDiv(axis.kernel, axis.stride));
  return count;
}

/// Phases and pieces, which become further input channels.
int64_t parts(const ConvShape &shape) {
  int64_t count = pieces(shape);
  for (const ConvAxis &axis : shape.axes)
    count *= axis.stride;
  return count;
}

/// Taps of a phase and piece.
int64_t taps(const ConvShape &shape) {
  int64_t count = 1;
  for (const ConvAxis &axis : shape.axes)
    count *= partTaps(axis);
  return count;
}

/// Of filters transformed to `products` points.
double filterBytes(const ConvShape &shape, double products) {
  return 4 * products * static_cast<double>(shape.channelsPerGroup() * parts(shape)) *
         static_cast<double>(shape.outChannels);
}

std::vector<ir::BilinearAlgorithm> along(const ConvShape &shape, const Tile &tile) {
  std::vector<ir::BilinearAlgorithm> axes;
  for (auto [axis, outputs] : llvm::zip_equal(shape.axes, tile))
    axes.push_back(ir::cookToom(outputs, partTaps(axis)));
  return axes;
}

/// Of each point of the transform along all axes: BilinearAlgorithm::errorSpread.
std::vector<double> spreads(llvm::ArrayRef<ir::BilinearAlgorithm> axes) {
  std::vector<double> all{1};
  for (const ir::BilinearAlgorithm &axis : axes) {
    std::vector<double> longer;
    for (double outer : all)
      for (int64_t p = 0; p < axis.products; ++p)
        longer.push_back(outer * axis.errorSpread(p));
    all = std::move(longer);
  }
  return all;
}

/// The phases and pieces of the filters of one output channel.
std::vector<double> partsOf(const ConvShape &shape, int64_t channels,
                            llvm::ArrayRef<float> weights) {
  llvm::SmallVector<int64_t> kernel = shape.along(&ConvAxis::kernel);
  llvm::SmallVector<int64_t> strides = shape.along(&ConvAxis::stride);
  std::vector<double> filter(weights.begin(), weights.end());
  filter = ir::phaseFilter(filter, 1, channels, kernel, strides);
  for (auto [taps, stride] : llvm::zip_equal(kernel, strides)) {
    channels *= stride;
    taps = ceilDiv(taps, stride);
  }
  return ir::pieceFilter(filter, 1, channels, kernel);
}

/// What one tile is made of.
struct TileCounts {
  double tiles = 1;    ///< of all images
  double products = 1; ///< points of the transform
  double outputs = 1;
  /// Of each point, by the transforms: a row of a matrix of n points has about n / 2 entries after
  /// what even and odd rows share.
  double additions = 0;
};

TileCounts count(const ConvShape &shape, const Tile &tile) {
  TileCounts counts;
  counts.tiles = static_cast<double>(shape.batch);
  for (auto [axis, outputs] : llvm::zip_equal(shape.axes, tile)) {
    counts.tiles *=
        static_cast<double>(axis.dilation * ceilDiv(ceilDiv(axis.out, axis.dilation), outputs));
    auto points = static_cast<double>(outputs + partTaps(axis) - 1);
    counts.products *= points;
    counts.additions += points > 1 ? points / 2 : 0;
    counts.outputs *= static_cast<double>(outputs);
  }
  return counts;
}

/// Whether an output is a sum over several input channels.
bool mixesChannels(const ConvShape &shape) {
  return shape.groups == 1 || shape.channelsPerGroup() > 1;
}

double productEfficiency(const ConvShape &shape, const Machine &machine) {
  bool isNarrow = shape.groups > 1 && shape.outChannels / shape.groups % machine.lanes != 0;
  return isNarrow ? narrowEfficiency : denseEfficiency;
}

/// A matrix in the precision that kernels hold it in, row-major.
struct Transform {
  int64_t rows, columns;
  std::vector<float> entries;

  explicit Transform(const ir::RationalMatrix &matrix)
      : rows(matrix.rows()), columns(matrix.columns()) {
    for (double entry : matrix.toDoubles())
      entries.push_back(static_cast<float>(entry));
  }
};

/// Transforms one axis of an array of `extents`: each result is a sum over j of matrix[i][j] x[j].
std::vector<float> transformAxis(const std::vector<float> &data,
                                 llvm::SmallVectorImpl<int64_t> &extents, size_t axis,
                                 const Transform &matrix) {
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i)
    outer *= extents[i];
  for (size_t i = axis + 1; i < extents.size(); ++i)
    inner *= extents[i];
  std::vector<float> result(static_cast<size_t>(outer * matrix.rows * inner));
  for (int64_t a = 0; a < outer; ++a)
    for (int64_t i = 0; i < matrix.rows; ++i)
      for (int64_t j = 0; j < matrix.columns; ++j) {
        float factor = matrix.entries[static_cast<size_t>(i * matrix.columns + j)];
        if (factor == 0)
          continue;
        const float *x = data.data() + (a * matrix.columns + j) * inner;
        float *y = result.data() + (a * matrix.rows + i) * inner;
        for (int64_t b = 0; b < inner; ++b)
          y[b] += factor * x[b];
      }
  extents[axis] = matrix.rows;
  return result;
}

class Winograd final : public ConvAlgorithm {
public:
  ir::ConvAlgorithm kind() const override { return ir::ConvAlgorithm::winograd; }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (!shape.isF32())
      return "its kernels are made for f32 only";
    if (!shape.hasConstantFilter)
      return "the filter is not known when the model is compiled";
    if (llvm::all_of(shape.axes, [](const ConvAxis &axis) { return partTaps(axis) == 1; }))
      return "one tap a phase leaves no product to save";
    if (tiles(shape).empty())
      return "its transformed filters would take more than the 2 GiB that kernels address";
    return "";
  }

  /// As many outputs along all axes, each size with fewer products than those below it, which are
  /// more accurate.
  llvm::SmallVector<Tile> tiles(const ConvShape &shape) const override {
    llvm::SmallVector<Tile> list;
    double fewest = std::numeric_limits<double>::infinity();
    for (int64_t outputs = 2; outputs < mostProductsAlong; ++outputs) {
      Tile tile;
      for (const ConvAxis &axis : shape.axes)
        tile.push_back(partTaps(axis) == 1 ? 1 : outputs);
      if (!offers(shape, tile))
        continue;
      TileCounts counts = count(shape, tile);
      if (counts.tiles * counts.products >= fewest)
        continue;
      fewest = counts.tiles * counts.products;
      list.push_back(tile);
    }
    return list;
  }

  /// Any number of outputs along each axis.
  bool offers(const ConvShape &shape, const Tile &tile) const override {
    if (tile.size() != shape.axes.size())
      return false;
    int64_t products = 1;
    for (auto [axis, outputs] : llvm::zip_equal(shape.axes, tile)) {
      int64_t along = outputs + partTaps(axis) - 1;
      if (along > mostProductsAlong || (partTaps(axis) == 1 && outputs > 1))
        return false;
      products *= along;
    }
    return products <= mostProducts &&
           count(shape, tile).products <
               count(shape, tile).outputs * static_cast<double>(taps(shape)) &&
           filterBytes(shape, static_cast<double>(products)) <= mostFilterBytes;
  }

  ConvCost cost(const ConvShape &shape, const Tile &tile, const Machine &machine) const override {
    TileCounts counts = count(shape, tile);
    auto in = static_cast<double>(shape.inChannels * parts(shape)),
         out = static_cast<double>(shape.outChannels),
         depth = static_cast<double>(shape.channelsPerGroup() * parts(shape));
    // As vectors are filled, of the channels of a group, or of all where each has one.
    double fullIn = in * vectorWaste(machine, mixesChannels(shape) ? shape.channelsPerGroup()
                                                                   : shape.inChannels),
           fullOut = out * vectorWaste(machine, shape.outChannels);
    double products = 2 * counts.tiles * counts.products * depth * fullOut;
    double additions = counts.tiles * counts.products * counts.additions * (fullIn + fullOut);
    double furtherPieces = static_cast<double>((pieces(shape) - 1) * shape.inputBytes());
    double weights = timeToFetch(machine, filterBytes(shape, counts.products));
    double images = timeToPass(machine, shape);
    ConvCost cost;
    cost.microseconds =
        (timeToCompute(machine, products, productEfficiency(shape, machine)) +
         timeToCompute(machine, additions, 1 / additionCost) + exposedFetch * weights +
         exposedMoves * images + piecePasses * timeToFetch(machine, furtherPieces)) /
        1000;
    cost.workspaceBytes = static_cast<int64_t>(workspace(shape, counts, in, fullOut, machine));
    return cost;
  }

  double errorBound(const ConvShape &shape, const Tile &tile) const override {
    return ir::errorBound(along(shape, tile), shape.channelsPerGroup() * parts(shape),
                          unitRoundoff);
  }

  std::vector<double> energies(const ConvShape &shape, const FilterView &filter,
                               const Tile &tile) const override {
    std::vector<ir::BilinearAlgorithm> axes = along(shape, tile);
    std::vector<double> spread = spreads(axes);
    int64_t channels = filter.channels * parts(shape);
    size_t each = filter.values.size() / static_cast<size_t>(filter.outputs);
    std::vector<double> result;
    for (llvm::ArrayRef<float> rest = filter.values; !rest.empty(); rest = rest.drop_front(each)) {
      std::vector<double> weights = partsOf(shape, filter.channels, rest.take_front(each));
      weights = ir::transformFilter(weights, 1, channels, axes);
      for (int64_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (size_t p = 0; p < spread.size(); ++p) {
          double weight = weights[p * static_cast<size_t>(channels) + static_cast<size_t>(c)];
          sum += spread[p] * weight * weight;
        }
        result.push_back(sum);
      }
    }
    return result;
  }

  std::vector<float> simulate(const SampleConv &sample, const Tile &tile) const override {
    return Simulation(sample, tile).run();
  }

private:
  /// Of the blocks of tiles that kernels transform at once: as many as the caches want, or all
  /// that there are.
  static double workspace(const ConvShape &shape, const TileCounts &counts, double in, double out,
                          const Machine &machine) {
    constexpr double enoughTiles = 56, mostInputs = 1 << 20;
    double inputs = 4 * counts.products * in, sums = 4 * counts.products * out;
    auto cache = static_cast<double>(machine.l2Bytes);
    double tiles = counts.tiles / static_cast<double>(shape.batch);
    bool isWhole =
        shape.outChannels > machine.lanes && inputs * std::min(enoughTiles, tiles) > mostInputs;
    double wanted = isWhole ? 16 * cache / (inputs + sums) : std::max(enoughTiles, cache / inputs);
    return std::min(tiles, wanted) * (inputs + sums) * (isWhole ? 1 : machine.threads);
  }

  /// The algorithm in f32, tile by tile, without regard to speed.
  class Simulation {
  public:
    Simulation(const SampleConv &sample, const Tile &tile)
        : sample(sample), tile(tile), channels(sample.channels) {
      for (auto [extent, taps] : llvm::zip_equal(tile, sample.kernel)) {
        axes.push_back(ir::cookToom(extent, ir::pieceTaps(taps)));
        pieces.push_back(ir::pieceCount(taps));
        channels *= pieces.back();
        points *= axes.back().products;
        inputs.emplace_back(axes.back().inputTransform);
        outputs.emplace_back(axes.back().outputTransform);
      }
      std::vector<double> filter(sample.filter.begin(), sample.filter.end());
      filter = ir::pieceFilter(filter, sample.outputs, sample.channels, sample.kernel);
      for (double value : ir::transformFilter(filter, sample.outputs, channels, axes))
        weights.push_back(static_cast<float>(value));
      result.resize(static_cast<size_t>(sample.outputs * sample.outputSize()));
    }

    std::vector<float> run() {
      llvm::SmallVector<int64_t, 3> counts;
      for (auto [extent, outputs] : llvm::zip_equal(sample.out, tile))
        counts.push_back(ceilDiv(extent, outputs));
      ir::forEachIndex(counts, [&](llvm::ArrayRef<int64_t> at) { computeTile(at); });
      return std::move(result);
    }

  private:
    void computeTile(llvm::ArrayRef<int64_t> at) {
      llvm::SmallVector<int64_t> extents{channels};
      std::vector<float> data = cut(at, extents);
      for (size_t axis = 0; axis < axes.size(); ++axis)
        data = transformAxis(data, extents, 1 + axis, inputs[axis]);
      std::vector<float> sums(static_cast<size_t>(sample.outputs * points));
      for (int64_t point = 0; point < points; ++point)
        for (int64_t o = 0; o < sample.outputs; ++o)
          for (int64_t c = 0; c < channels; ++c) {
            float &sum = sums[static_cast<size_t>(o * points + point)];
            float weight =
                weights[static_cast<size_t>((point * sample.outputs + o) * channels + c)];
            sum = std::fma(data[static_cast<size_t>(c * points + point)], weight, sum);
          }
      extents[0] = sample.outputs;
      for (size_t axis = 0; axis < axes.size(); ++axis)
        sums = transformAxis(sums, extents, 1 + axis, outputs[axis]);
      paste(at, sums);
    }

    /// The inputs of a tile for each piece of the filter, zeros where it reaches past the sample.
    std::vector<float> cut(llvm::ArrayRef<int64_t> at, llvm::SmallVectorImpl<int64_t> &extents) {
      llvm::SmallVector<int64_t, 3> in = sample.in(), box;
      for (const ir::BilinearAlgorithm &axis : axes)
        box.push_back(axis.inputs);
      extents.append(box.begin(), box.end());
      std::vector<float> data;
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
      return data;
    }

    void paste(llvm::ArrayRef<int64_t> at, const std::vector<float> &values) {
      size_t next = 0;
      for (int64_t o = 0; o < sample.outputs; ++o)
        ir::forEachIndex(tile, [&](llvm::ArrayRef<int64_t> within) {
          float value = values[next++];
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
    int64_t channels; ///< of the sample, times the pieces
    llvm::SmallVector<int64_t, 3> pieces;
    std::vector<ir::BilinearAlgorithm> axes;
    std::vector<Transform> inputs, outputs;
    int64_t points = 1;
    std::vector<float> weights, result;
  };
};

} // namespace

const ConvAlgorithm &winogradConv() {
  static const Winograd algorithm;
  return algorithm;
}

} // namespace quern::passes
