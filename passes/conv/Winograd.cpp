// Winograd (Cook-Toom): F(m, r) along each axis, exact in rationals, with an error that grows with
// m.
#include "ir/conv/Division.h"
#include "ir/conv/TransformFilter.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/MachineTime.h"
#include "passes/conv/WinogradSimulation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::passes {
namespace {

/// Shares of the peak that products reach between the transforms, what a transform's additions cost
/// in flops of the peak, shares of the fetching of weights and of the moving of images that these
/// do not hide, and how often the input passes for each further piece of a filter
/// (bench/conv/choice.md).
constexpr double denseEfficiency = 0.60;
constexpr double narrowEfficiency = 0.15; // of groups whose outputs fill no vectors
constexpr double partEfficiency = 0.05;   // the same where all of them together fill none, either
constexpr double depthwiseEfficiency = 0.10;
constexpr double additionCost = 2.0;
constexpr double exposedFetch = 1.4;
constexpr double exposedMoves = 2.8;
constexpr double piecePasses = 1.5;
/// Of nested algorithms: the share of the peak, that of the moving of images, and how often what
/// they transform passes behind the second-level cache where a block of it outgrows that.
constexpr double nestedEfficiency = 0.80;
constexpr double nestedMoves = 1.8;
constexpr double nestedPasses = 1;
/// How often what is transformed passes there where all products of a block are made at once.
constexpr double wholePasses = 1;
/// Products along an axis of the algorithms that are tried: of more, which may be named, few digits
/// are left.
constexpr int64_t mostProductsAlong = 8;
constexpr int64_t mostProducts = 2048;
constexpr int64_t mostOutputsAlong = 16;
constexpr double enoughTiles = 56; ///< of a block
constexpr double mostFilterBytes = std::numeric_limits<int32_t>::max();

using ir::ceilDiv;

/// Taps along an axis after a stride is split into phases.
int64_t phaseTaps(const ConvAxis &axis) { return ceilDiv(axis.kernel, axis.stride); }

std::vector<ir::WinogradSplit> splits(const ConvShape &shape, const Tile &tile) {
  std::vector<ir::WinogradSplit> axes;
  for (auto [axis, outputs] : llvm::zip_equal(shape.axes, tile))
    axes.push_back(ir::splitForWinograd(outputs, phaseTaps(axis)));
  return axes;
}

/// Products of the largest algorithm along an axis, of those that are nested too.
int64_t mostAlong(llvm::ArrayRef<ir::WinogradSplit> axes) {
  int64_t most = 0;
  for (const ir::WinogradSplit &axis : axes)
    most = std::max(most, axis.mostProducts());
  return most;
}

std::vector<ir::BilinearAlgorithm> along(const ConvShape &shape, const Tile &tile) {
  std::vector<ir::BilinearAlgorithm> axes;
  for (auto [axis, outputs] : llvm::zip_equal(shape.axes, tile))
    axes.push_back(ir::winogradAlgorithm(outputs, phaseTaps(axis)));
  return axes;
}

/// Of each point of the transform along all axes: BilinearAlgorithm::errorSpreads.
std::vector<double> spreads(llvm::ArrayRef<ir::BilinearAlgorithm> axes) {
  std::vector<double> all{1};
  for (const ir::BilinearAlgorithm &axis : axes) {
    std::vector<double> longer, own = axis.errorSpreads();
    for (double outer : all)
      for (double inner : own)
        longer.push_back(outer * inner);
    all = std::move(longer);
  }
  return all;
}

/// The phases and pieces of the filters of one output channel.
std::vector<double> partsOf(const ConvShape &shape, const Tile &tile, int64_t channels,
                            llvm::ArrayRef<double> weights) {
  llvm::SmallVector<int64_t> kernel = shape.along(&ConvAxis::kernel);
  llvm::SmallVector<int64_t> strides = shape.along(&ConvAxis::stride);
  std::vector<double> filter = ir::phaseFilter(weights, 1, channels, kernel, strides);
  for (auto [taps, stride] : llvm::zip_equal(kernel, strides)) {
    channels *= stride;
    taps = ceilDiv(taps, stride);
  }
  return ir::pieceFilter(filter, 1, channels, kernel, splits(shape, tile));
}

/// What one tile is made of.
struct TileCounts {
  double tiles = 1;    ///< of all images
  double products = 1; ///< points of the transform
  double outputs = 1;
  int64_t pieces = 1; ///< of the filter
  int64_t parts = 1;  ///< pieces and phases, which become further input channels
  double taps = 1;    ///< of a part
  bool isNested = false;
  /// Of each point, by the transforms: a row of a matrix of n points has about n / 2 entries after
  /// what even and odd rows share.
  double additions = 0;
};

TileCounts count(const ConvShape &shape, const Tile &tile) {
  TileCounts counts;
  counts.tiles = static_cast<double>(shape.batch);
  for (auto [axis, outputs, split] : llvm::zip_equal(shape.axes, tile, splits(shape, tile))) {
    counts.tiles *=
        static_cast<double>(axis.dilation * ceilDiv(ceilDiv(axis.out, axis.dilation), outputs));
    counts.products *= static_cast<double>(split.products());
    for (int64_t points : {split.outerProducts, split.innerProducts})
      counts.additions += points > 1 ? static_cast<double>(points) / 2 : 0;
    counts.outputs *= static_cast<double>(outputs);
    counts.pieces *= split.pieces;
    counts.parts *= split.pieces * axis.stride;
    counts.taps *= static_cast<double>(split.taps);
    counts.isNested |= split.isNested();
  }
  return counts;
}

/// Of a number of what is transformed.
double numberBytes(const ConvShape &shape) {
  return static_cast<double>(computedBytesOf(shape.element));
}

/// Of transformed filters.
double filterBytes(const ConvShape &shape, const TileCounts &counts) {
  return numberBytes(shape) * counts.products *
         static_cast<double>(shape.channelsPerGroup() * counts.parts) *
         static_cast<double>(shape.outChannels);
}

/// Whether an output is a sum over several input channels.
bool mixesChannels(const ConvShape &shape) {
  return shape.groups == 1 || shape.channelsPerGroup() > 1;
}

double productEfficiency(const ConvShape &shape, const TileCounts &counts, const Machine &machine) {
  bool isNarrow = shape.groups > 1 && shape.outChannels / shape.groups % machine.lanes != 0;
  if (isNarrow && mixesChannels(shape))
    return shape.outChannels % machine.lanes == 0 ? narrowEfficiency : partEfficiency;
  if (isNarrow)
    return depthwiseEfficiency;
  return counts.isNested ? nestedEfficiency : denseEfficiency;
}

constexpr double kernelThreads = 4; ///< that kernels find work for

/// Whether panels of outputs, mostly two vectors wide, are enough for these.
bool hasPanels(const ConvShape &shape, const Machine &machine) {
  return static_cast<double>(shape.outChannels) >= kernelThreads * 2 * machine.lanes;
}

/// Whether kernels make all products of a block before any of them is transformed back.
bool makesWholeProducts(const ConvShape &shape, const TileCounts &counts, double in,
                        const Machine &machine) {
  constexpr double mostInputs = 1 << 18;
  double tiles = counts.tiles / static_cast<double>(shape.batch);
  return hasPanels(shape, machine) &&
         counts.products * in * std::min(enoughTiles, tiles) > mostInputs;
}

/// Tiles of a block that kernels transform at once where products are not whole: as many as the
/// caches want, or all that there are; a share of each thread where all weights weigh less than
/// what is transformed, or panels of outputs are too few to be the tasks.
double tilesOfBlock(const ConvShape &shape, const TileCounts &counts, double in,
                    const Machine &machine) {
  double inputs = numberBytes(shape) * counts.products * in;
  double wanted = std::max(enoughTiles, static_cast<double>(machine.l2Bytes) / inputs);
  bool hasManyBlocks = counts.tiles >= 3 * kernelThreads * wanted;
  bool weighsLittle = filterBytes(shape, counts) <= inputs * counts.tiles;
  if (!hasManyBlocks && (!hasPanels(shape, machine) || weighsLittle))
    wanted = std::min(wanted, std::ceil(counts.tiles / kernelThreads));
  return wanted;
}

/// Of the blocks of tiles that kernels transform at once.
double workspace(const ConvShape &shape, const TileCounts &counts, double in, double out,
                 const Machine &machine) {
  double inputs = numberBytes(shape) * counts.products * in,
         sums = numberBytes(shape) * counts.products * out;
  double tiles = counts.tiles / static_cast<double>(shape.batch);
  bool isWhole = makesWholeProducts(shape, counts, in, machine);
  double wanted = isWhole ? 16 * static_cast<double>(machine.l2Bytes) / (inputs + sums)
                          : tilesOfBlock(shape, counts, in, machine);
  return std::min(tiles, wanted) * (inputs + sums) * (isWhole ? 1 : machine.threads);
}

/// What a nested algorithm holds while it computes.
struct NestedBlock {
  double blocks; ///< of tiles
  double bytes;  ///< of one block and what is computed of it
  double caches; ///< second-level, of its thread, or of all where there is but one block

  NestedBlock(const ConvShape &shape, const TileCounts &counts, double in, double out,
              const Machine &machine) {
    double tiles = std::min(counts.tiles, tilesOfBlock(shape, counts, in, machine));
    blocks = std::ceil(counts.tiles / tiles);
    if (blocks > 1)
      tiles = std::min(tiles, enoughTiles);
    double held = in + std::min(out, 4.0 * machine.lanes);
    bytes = numberBytes(shape) * counts.products * held * tiles;
    caches = static_cast<double>(machine.l2Bytes) * (blocks > 1 ? 1 : machine.threads);
  }

  /// How often the weights are fetched again: for each further block, unless the cache holds both;
  /// all of them where both are half as much again as it holds.
  double refetches(double weights) const {
    double beyond = (bytes + weights) / caches - 1;
    return (blocks - 1) * std::clamp(2 * beyond, 0.0, 1.0);
  }
};

/// Bytes that pass behind the second-level cache besides images and the first fetch of the weights.
double bytesBehindCache(const ConvShape &shape, const TileCounts &counts, double in, double out,
                        const Machine &machine) {
  double transformed = numberBytes(shape) * counts.tiles * counts.products * (in + out);
  if (!counts.isNested)
    return makesWholeProducts(shape, counts, in, machine) ? wholePasses * transformed : 0;
  NestedBlock block(shape, counts, in, out, machine);
  double weights = filterBytes(shape, counts);
  return (block.bytes > block.caches ? nestedPasses * transformed : 0) +
         block.refetches(weights) * weights;
}

class Winograd final : public ConvAlgorithm {
public:
  ir::ConvAlgorithm kind() const override { return ir::ConvAlgorithm::winograd; }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (!shape.hasConstantFilter)
      return "the filter is not known when the model is compiled";
    if (llvm::all_of(shape.axes, [](const ConvAxis &axis) { return phaseTaps(axis) == 1; }))
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
    for (int64_t outputs = 2; outputs <= mostOutputsAlong; ++outputs) {
      Tile tile;
      for (const ConvAxis &axis : shape.axes)
        tile.push_back(phaseTaps(axis) == 1 ? 1 : outputs);
      if (mostAlong(splits(shape, tile)) > mostProductsAlong || !offers(shape, tile))
        continue;
      TileCounts counts = count(shape, tile);
      double products = counts.tiles * counts.products * static_cast<double>(counts.pieces);
      if (products >= fewest)
        continue;
      fewest = products;
      list.push_back(tile);
    }
    return list;
  }

  std::string otherTiles() const override {
    return "others with m + r - 1 of " + std::to_string(ir::mostWinogradProducts) +
           " at most, of m outputs and r taps along an axis";
  }

  /// Any number of outputs along each axis.
  bool offers(const ConvShape &shape, const Tile &tile) const override {
    if (tile.size() != shape.axes.size())
      return false;
    for (auto [axis, outputs] : llvm::zip_equal(shape.axes, tile))
      if (phaseTaps(axis) == 1 && outputs > 1)
        return false;
    if (mostAlong(splits(shape, tile)) > ir::mostWinogradProducts)
      return false;
    TileCounts counts = count(shape, tile);
    return counts.products <= mostProducts && counts.products < counts.outputs * counts.taps &&
           filterBytes(shape, counts) <= mostFilterBytes;
  }

  ConvCost costOn(const Machine &machine, const ConvShape &shape, const Tile &tile) const override {
    TileCounts counts = count(shape, tile);
    auto in = static_cast<double>(shape.inChannels * counts.parts),
         out = static_cast<double>(shape.outChannels),
         depth = static_cast<double>(shape.channelsPerGroup() * counts.parts);
    // As vectors are filled, of the channels of a group, or of all where each has one.
    double fullIn = in * vectorWaste(machine, mixesChannels(shape) ? shape.channelsPerGroup()
                                                                   : shape.inChannels),
           fullOut = out * vectorWaste(machine, shape.outChannels);
    double products = 2 * counts.tiles * counts.products * depth * fullOut;
    double additions = counts.tiles * counts.products * counts.additions * (fullIn + fullOut);
    double furtherPieces = static_cast<double>((counts.pieces - 1) * shape.inputBytes());
    double weights = timeToFetch(machine, filterBytes(shape, counts));
    double images = timeToPass(machine, shape);
    ConvCost cost;
    cost.workspaceBytes = static_cast<int64_t>(workspace(shape, counts, in, fullOut, machine));
    cost.microseconds =
        (timeToCompute(machine, products, productEfficiency(shape, counts, machine)) +
         timeToCompute(machine, additions, 1 / additionCost) + exposedFetch * weights +
         (counts.isNested ? nestedMoves : exposedMoves) * images +
         piecePasses * timeToFetch(machine, furtherPieces) +
         timeToFetch(machine, bytesBehindCache(shape, counts, in, fullOut, machine))) /
        1000;
    return cost;
  }

  double sumErrorBound(const ConvShape &shape, const Tile &tile, double u) const override {
    return ir::errorBound(along(shape, tile), shape.channelsPerGroup() * count(shape, tile).parts,
                          u);
  }

  std::vector<double> energies(const ConvShape &shape, const FilterView &filter,
                               const Tile &tile) const override {
    std::vector<ir::BilinearAlgorithm> axes = along(shape, tile);
    std::vector<double> spread = spreads(axes);
    int64_t channels = filter.channels * count(shape, tile).parts;
    size_t each = filter.values.size() / static_cast<size_t>(filter.outputs);
    std::vector<double> result;
    for (llvm::ArrayRef<double> rest = filter.values; !rest.empty(); rest = rest.drop_front(each)) {
      std::vector<double> weights = partsOf(shape, tile, filter.channels, rest.take_front(each));
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

  /// Outputs of a tile have errors that differ, those at its corners the largest ones.
  Tile errorPeriod(const ConvShape &, const Tile &tile) const override { return tile; }

  std::vector<float> simulate(const SampleConv &sample, const Tile &tile) const override {
    return simulateWinograd(sample, tile);
  }
};

} // namespace

const ConvAlgorithm &winogradConv() {
  static const Winograd algorithm;
  return algorithm;
}

} // namespace quern::passes
