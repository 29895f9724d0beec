// Filters that come apart along their axes. Where the weights are products of a row and a column,
// and all filters that read an input channel share one of them, a pass along a line of each channel
// comes first, and a convolution along the other axis does the rest. Blurs of one channel each are
// such, boxes and Gaussians; trained filters hardly ever. Where all lines of the filters along one
// axis are combinations of few, a convolution along that axis into so many channels comes first.
#include "ir/conv/LowRankFilter.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/ConvPolicy.h"
#include "passes/conv/DirectCost.h"
#include "passes/conv/MachineTime.h"
#include "passes/conv/SeparableSimulation.h"
#include "passes/conv/SeparableWeights.h"

#include <fmt/format.h>

#include <cmath>

namespace quern::passes {
namespace {

/// How much larger than the filter the products of so many channels' factors may be, and so the
/// errors of rounding: those of random ones are a third of it.
double mostGrowth(int64_t channels) { return 8 + static_cast<double>(channels); }

/// Share of the peak that the pass along lines reaches, and of what one lane of a vector adds to
/// that where channels fill none (bench/conv/choice.md).
constexpr double lineEfficiency = 0.11;
constexpr double laneEfficiency = 0.56;

/// The axis along which the first pass is: of three the outermost.
size_t lineAxis(const Tile &tile) { return tile[0] == 1 ? 1 : 0; }

/// Channels of each group that the first pass makes; 0 where it leaves them what they are.
int64_t rankOf(const ConvShape &shape, const Tile &tile) {
  return tile.size() > shape.axes.size() ? tile.back() : 0;
}

ir::SeparableShape separableShape(const ConvShape &shape, const Tile &tile) {
  return {.groups = shape.groups,
          .outputs = shape.outChannels,
          .inputs = shape.channelsPerGroup(),
          .height = shape.axes[0].kernel,
          .width = shape.taps() / shape.axes[0].kernel,
          .sharesRows = lineAxis(tile) == 1,
          .roundoff = storedRoundoff(shape.element)};
}

double toleranceOf(const ConvShape &shape, const Tile &tile) {
  return separableShape(shape, tile).tolerance();
}

/// Whether a variant with channels between gives each output lines of its own (ir::withOwnLines).
bool hasOwnLines(const ConvShape &shape, const Tile &tile) {
  return rankOf(shape, tile) > 0 && shape.groups > 1 && shape.channelsPerGroup() == 1;
}

/// What is left to convolve when the first pass is done.
ConvShape restOf(const ConvShape &shape, const Tile &tile) {
  ConvShape rest = shape;
  ConvAxis &axis = rest.axes[lineAxis(tile)];
  axis = {.in = axis.out, .out = axis.out};
  if (hasOwnLines(shape, tile))
    rest.inChannels = rest.groups = shape.outChannels;
  else if (rankOf(shape, tile) > 0)
    rest.inChannels = shape.groups * rankOf(shape, tile);
  return rest;
}

/// The first pass as a convolution.
ConvShape firstOf(const ConvShape &shape, const Tile &tile) {
  ConvShape first = shape;
  first.outChannels = shape.groups * rankOf(shape, tile);
  for (size_t a = 0; a < first.axes.size(); ++a)
    if (a != lineAxis(tile))
      first.axes[a] = {.in = shape.axes[a].in, .out = shape.axes[a].in};
  return first;
}

/// Multiplications for each output position of a group: of direct convolution, by lines of the
/// inputs, and by each channel between two convolutions.
struct Counts {
  int64_t direct, lines, eachChannel;

  Counts(const ConvShape &shape, const Tile &tile) {
    int64_t inputs = shape.channelsPerGroup(), outputs = shape.outChannels / shape.groups;
    int64_t line = shape.axes[lineAxis(tile)].kernel, rest = shape.taps() / line;
    direct = inputs * outputs * line * rest;
    lines = inputs * line + inputs * outputs * rest;
    bool hasOwn = shape.groups > 1 && inputs == 1;
    eachChannel = (hasOwn ? outputs : inputs) * line + outputs * rest;
  }

  /// Channels that multiply less than `limit`.
  int64_t channelsBelow(int64_t limit) const { return (limit - 1) / eachChannel; }

  /// Channels that are looked for: those that multiply less than direct convolution, and not so
  /// many that it takes minutes, which is the cube of them.
  int64_t mostChannels() const { return std::min<int64_t>(channelsBelow(direct), 256); }
};

/// Calls `visit` with the weights of one convolution after the other: a view may hold several.
template <typename Visit>
void forEachFilter(const ConvShape &shape, const FilterView &filter, Visit visit) {
  auto each = static_cast<size_t>(shape.outChannels * shape.channelsPerGroup() * shape.taps());
  for (llvm::ArrayRef<double> rest = filter.values; !rest.empty(); rest = rest.drop_front(each))
    visit(rest.take_front(each));
}

/// What is missed of the filters by products of lines that those of an input channel share.
double missedByLines(const ConvShape &shape, const Tile &tile, const FilterView &filter) {
  ir::SeparableShape lines = separableShape(shape, tile);
  double error = 0;
  forEachFilter(shape, filter, [&](llvm::ArrayRef<double> values) {
    error = std::max(error, ir::separationError(lines, values, ir::separate(lines, values)));
  });
  return error;
}

/// What is missed by lines of each filter's own, of the first output of which it is more than the
/// tolerance; nothing where there is none.
std::optional<double> missedByOwnLines(const ConvShape &shape, const Tile &tile,
                                       const FilterView &filter) {
  ir::SeparableShape one = separableShape(shape, tile);
  one.groups = one.outputs = 1;
  auto each = static_cast<size_t>(shape.channelsPerGroup() * shape.taps());
  for (llvm::ArrayRef<double> rest = filter.values; !rest.empty(); rest = rest.drop_front(each)) {
    llvm::ArrayRef<double> values = rest.take_front(each);
    double missed = ir::separationError(one, values, ir::separate(one, values));
    if (missed > one.tolerance())
      return missed;
  }
  return std::nullopt;
}

/// What is missed by the best factors with so many channels of each group.
ir::LowRankError missedByChannels(const ConvShape &shape, const Tile &tile, int64_t channels,
                                  const FilterView &filter) {
  ir::SeparableShape separable = separableShape(shape, tile);
  ir::LowRankError error;
  forEachFilter(shape, filter, [&](llvm::ArrayRef<double> values) {
    ir::LowRankError one = ir::lowRankError(
        separable, values, ir::factorise(separable, values, channels, separable.tolerance()));
    error = {std::max(error.missed, one.missed), std::max(error.growth, one.growth)};
  });
  return error;
}

bool isExact(const ir::LowRankError &error, double tolerance, int64_t channels) {
  return error.missed <= tolerance && error.growth <= mostGrowth(channels);
}

/// The fewest channels that factors of the filter need; nothing where these are too many.
std::optional<int64_t> fewestChannels(const ConvShape &shape, const Tile &tile,
                                      const Counts &counts, const FilterView &filter) {
  ir::SeparableShape separable = separableShape(shape, tile);
  int64_t most = counts.mostChannels();
  int64_t channels = 1;
  bool areFew = most > 0;
  forEachFilter(shape, filter, [&](llvm::ArrayRef<double> values) {
    areFew = areFew && !ir::clearlyExceedsRank(separable, values, most);
    if (!areFew)
      return;
    const double tolerance = separable.tolerance();
    ir::LowRankFactors factors = ir::factorise(separable, values, most, tolerance);
    areFew = isExact(ir::lowRankError(separable, values, factors), tolerance, factors.rank);
    channels = std::max(channels, factors.rank);
  });
  return areFew ? std::optional(channels) : std::nullopt;
}

class Separable final : public ConvAlgorithm {
public:
  ir::ConvAlgorithm kind() const override { return ir::ConvAlgorithm::separable; }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (!shape.hasConstantFilter)
      return "the filter is not known when the model is compiled";
    int64_t outer = shape.axes[0].kernel;
    if (shape.axes.size() == 1 || outer == shape.taps())
      return "a line of taps has nothing to separate";
    if (outer == 1)
      return shape.axes.size() == 2 ? "a line of taps has nothing to separate"
                                    : "of three axes it separates the outermost, of one tap here";
    return "";
  }

  llvm::SmallVector<Tile> tiles(const ConvShape &shape) const override {
    if (shape.axes.size() == 3)
      return {{shape.axes[0].kernel, 1, 1}};
    // Columns first: of equal cost, they are faster.
    return {{shape.axes[0].kernel, 1}, {1, shape.axes[1].kernel}};
  }

  /// By channels between two convolutions, where that takes fewer multiplications than lines do, or
  /// than direct convolution where lines do not apply.
  llvm::SmallVector<Tile> tilesFor(const ConvShape &shape,
                                   const FilterView &filter) const override {
    llvm::SmallVector<Tile> list;
    if (!isFinite(filter))
      return list;
    for (Tile &tile : tiles(shape)) {
      Counts counts(shape, tile);
      std::optional<int64_t> channels = fewestChannels(shape, tile, counts, filter);
      if (!channels)
        continue;
      bool isOfLines = missedByLines(shape, tile, filter) <= toleranceOf(shape, tile);
      if (isOfLines && *channels > counts.channelsBelow(counts.lines))
        continue;
      tile.push_back(*channels);
      list.push_back(tile);
    }
    return list;
  }

  bool offers(const ConvShape &shape, const Tile &tile) const override {
    if (rankOf(shape, tile) == 0)
      return llvm::is_contained(tiles(shape), tile);
    Counts counts(shape, tile);
    return tile.size() == shape.axes.size() + 1 &&
           llvm::is_contained(tiles(shape), Tile(llvm::ArrayRef(tile).drop_back())) &&
           rankOf(shape, tile) <= counts.channelsBelow(counts.direct);
  }

  std::string otherTiles() const override {
    return "those with one number more, of channels between two convolutions, that multiply less "
           "than direct convolution";
  }

  std::string weightRefusal(const ConvShape &shape, const Tile &tile,
                            std::optional<FilterView> filter) const override {
    if (!filter)
      return "depends on the weights, which are not known";
    if (!isFinite(*filter))
      return "its weights are not all finite numbers";
    return rankOf(shape, tile) > 0 ? refusalOfChannels(shape, tile, *filter)
                                   : refusalOfLines(shape, tile, *filter);
  }

  std::vector<double> suitableWeights(const ConvShape &shape, const Tile &tile) const override {
    ir::SeparableShape separable = separableShape(shape, tile);
    int64_t rank = rankOf(shape, tile);
    return rank > 0 ? sumsOfProducts(separable, rank) : productsOfLines(separable);
  }

  ConvCost costOn(const Machine &machine, const ConvShape &shape, const Tile &tile) const override {
    ConvShape rest = restOf(shape, tile);
    // A strip of lines for each thread at most the whole, each pixel followed by a cache line.
    int64_t between = rest.inputBytes() / bytesOf(shape.element);
    int64_t workspace =
        between / rest.inChannels * (rest.inChannels + 16) * computedBytesOf(shape.element);
    if (rankOf(shape, tile) > 0 && !hasOwnLines(shape, tile))
      return {.microseconds = directMicroseconds(firstOf(shape, tile), machine) +
                              directMicroseconds(rest, machine),
              .workspaceBytes = workspace + shape.inputBytes()};
    int64_t products = between * shape.axes[lineAxis(tile)].kernel;
    bool fillsVectors = rest.inChannels >= machine.lanes;
    double lines = timeToCompute(machine, 2 * static_cast<double>(products),
                                 fillsVectors ? lineEfficiency : laneEfficiency / machine.lanes);
    int64_t times = std::max<int64_t>(rankOf(shape, tile), 1);
    return {.microseconds =
                static_cast<double>(times) * (directMicroseconds(rest, machine) + lines / 1000),
            .workspaceBytes = times * workspace};
  }

  double sumErrorBound(const ConvShape &shape, const Tile &tile, double u) const override {
    // Both factors are rounded, and may miss the filter by the tolerance.
    double tolerance = toleranceOf(shape, tile);
    bool isMixed = rankOf(shape, tile) > 0;
    int64_t line = shape.axes[lineAxis(tile)].kernel, rest = shape.taps() / line;
    int64_t sums = line * (isMixed ? shape.channelsPerGroup() : 1) +
                   rest * (isMixed ? rankOf(shape, tile) : shape.channelsPerGroup()) + 2;
    return roundings(static_cast<double>(sums), u) *
               (isMixed ? mostGrowth(rankOf(shape, tile)) : 1) * (1 + tolerance) +
           tolerance;
  }

  std::vector<float> simulate(const SampleConv &sample, const Tile &tile) const override {
    bool isOfChannels = tile.size() > sample.kernel.size();
    return isOfChannels ? simulateChannels(sample, lineAxis(tile))
                        : simulateLines(sample, lineAxis(tile));
  }

private:
  static bool isFinite(const FilterView &filter) {
    return llvm::all_of(filter.values, [](double w) { return std::isfinite(w); });
  }

  static std::string refusalOfLines(const ConvShape &shape, const Tile &tile,
                                    const FilterView &filter) {
    const char *factors = shape.axes.size() == 3 ? "a line and a plane" : "two lines";
    if (auto missed = missedByOwnLines(shape, tile, filter))
      return fmt::format("its filters are not products of {}: {:.1e} of a filter is left", factors,
                         *missed);
    if (missedByLines(shape, tile, filter) <= toleranceOf(shape, tile))
      return "";
    return fmt::format("each filter is a product of {}, but those of an input channel share none; ",
                       factors) +
           channelsInstead(shape, tile, filter);
  }

  /// What it would take by channels between two convolutions.
  static std::string channelsInstead(const ConvShape &shape, const Tile &tile,
                                     const FilterView &filter) {
    Counts counts(shape, tile);
    if (auto channels = fewestChannels(shape, tile, counts, filter)) {
      Tile instead = tile;
      instead.push_back(*channels);
      return fmt::format("{} has {}", variantText(ir::ConvAlgorithm::separable, instead),
                         hasOwnLines(shape, instead)
                             ? "lines of each output's own"
                             : "as many channels between two convolutions as it takes");
    }
    int64_t most = counts.mostChannels();
    std::string text = fmt::format("it takes more than {} channels between two convolutions", most);
    if (int64_t products = (most + 1) * counts.eachChannel; products >= counts.direct)
      text += fmt::format(", with {} multiplications or more, of which direct convolution has {}",
                          products, counts.direct);
    return text;
  }

  static std::string refusalOfChannels(const ConvShape &shape, const Tile &tile,
                                       const FilterView &filter) {
    ir::LowRankError error = missedByChannels(shape, tile, rankOf(shape, tile), filter);
    double tolerance = toleranceOf(shape, tile);
    if (isExact(error, tolerance, rankOf(shape, tile)))
      return "";
    if (error.missed > tolerance)
      return fmt::format("so many channels between two convolutions are too few for its filters: "
                         "{:.1e} of a filter is left",
                         error.missed);
    return fmt::format(
        "the factors of its filters are {:.1e} times as large as these, and so would "
        "be the errors of rounding",
        error.growth);
  }
};

} // namespace

const ConvAlgorithm &separableConv() {
  static const Separable algorithm;
  return algorithm;
}

} // namespace quern::passes
