// Strassen's product of blocks, and Winograd's variant of it: a convolution is a product of
// matrices (positions by channels and channels by filters, for each tap), whose blocks are
// multiplied by 7/8 of the multiplications for each level of recursion. It pays for large products
// only.
#include "ir/conv/Strassen.h"

#include "ir/conv/Division.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/DirectCost.h"
#include "passes/conv/MachineTime.h"

#include <fmt/format.h>

#include <valarray>

namespace quern::passes {
namespace {

using ir::BlockProduct;
using Block = std::valarray<float>;

constexpr int64_t mostLevels = 2;
/// How often the bytes of all factors and products are moved behind the caches, and the share of
/// the fetching of weights that the products do not hide (bench/conv/choice.md).
constexpr double exposedMoves = 3.0;
constexpr double exposedFetch = 0.3;
/// What an estimate is raised by, so that nothing is chosen for a gain within the estimate's error.
constexpr double leastGain = 1.02;
/// The least that a block may hold: below, vectors and loops are mostly empty.
constexpr int64_t leastInputs = 4, leastOutputs = 8, leastPositions = 4;

using ir::ceilDiv;

/// The axis that is cut: of which less lies behind the end of the last block, the longer if in
/// doubt, and then the outer (as planStrassen has it).
size_t cutAxis(const ConvShape &shape, int64_t sides) {
  auto computed = [&](const ConvAxis &axis) {
    return static_cast<double>(ceilDiv(axis.out, sides) * sides) / static_cast<double>(axis.out);
  };
  size_t last = shape.axes.size() - 1;
  if (last == 0)
    return 0;
  const ConvAxis &outer = shape.axes[last - 1], &inner = shape.axes[last];
  bool cutsOuter = std::pair(computed(outer), -outer.out) <= std::pair(computed(inner), -inner.out);
  return cutsOuter ? last - 1 : last;
}

class Strassen final : public ConvAlgorithm {
public:
  explicit Strassen(BlockProduct form) : form(form) {}

  ir::ConvAlgorithm kind() const override {
    return form == BlockProduct::strassen ? ir::ConvAlgorithm::strassen
                                          : ir::ConvAlgorithm::strassen_winograd;
  }

  bool computesProducts() const override { return true; }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (!shape.hasConstantFilter)
      return "the filter is not known when the model is compiled";
    if (shape.groups > 1)
      return "a matrix product has one group";
    if (shape.isProduct && shape.axes.size() > 2)
      return "has no kernel for rows along three axes";
    if (!ir::isSlabwise(shape.axes.size(), shape.axes.front()))
      return "of three spatial axes it takes an outermost one without taps and padding";
    if (tiles(shape).empty())
      return "too small a product to be cut into blocks";
    return "";
  }

  llvm::SmallVector<Tile> tiles(const ConvShape &shape) const override {
    llvm::SmallVector<Tile> list;
    for (int64_t levels = 1; levels <= mostLevels; ++levels) {
      int64_t sides = ir::power(2, levels);
      if (shape.inChannels >= leastInputs * sides && shape.outChannels >= leastOutputs * sides &&
          shape.axes[cutAxis(shape, sides)].out >= leastPositions * sides)
        list.push_back({levels});
    }
    return list;
  }

  ConvCost costOn(const Machine &machine, const ConvShape &shape, const Tile &tile) const override {
    ir::StrassenFilter filter = filterOf(shape, tile);
    // The products as one direct convolution of many images, each a block of the image.
    ConvShape product = shape;
    product.element = computedElement(shape.element);
    product.batch *= filter.products();
    product.inChannels = filter.blockInputs();
    product.outChannels = filter.blockOutputs();
    int64_t sides = ir::power(2, tile[0]);
    ConvAxis &cut = product.axes[cutAxis(shape, sides)];
    int64_t out = ceilDiv(cut.out, sides);
    cut.in = std::min(cut.in, out * cut.stride + (cut.kernel - 1) * cut.dilation);
    cut.out = out;
    // The factors and the products are written and read once more.
    auto moved = static_cast<double>(product.inputBytes() + product.outputBytes());
    auto weights = static_cast<double>(filter.products() * product.filterBytes());
    double traffic = timeToFetch(machine, exposedMoves * moved + exposedFetch * weights);
    return {.microseconds = leastGain * (directMicroseconds(product, machine) + traffic / 1000),
            .workspaceBytes = product.inputBytes() + product.outputBytes()};
  }

  double sumErrorBound(const ConvShape &shape, const Tile &tile, double u) const override {
    ir::StrassenFilter filter = filterOf(shape, tile);
    return ir::strassenErrorBound(form, tile[0], filter.blockInputs() * filter.taps, u);
  }

  std::vector<float> simulate(const SampleConv &sample, const Tile &tile) const override {
    return Simulation(sample, form, tile[0]).run();
  }

private:
  ir::StrassenFilter filterOf(const ConvShape &shape, const Tile &tile) const {
    return {.form = form,
            .levels = tile[0],
            .outputs = shape.outChannels,
            .inputs = shape.inChannels,
            .taps = shape.taps()};
  }

  /// The product of patches and filters in f32, block by block, without regard to speed.
  class Simulation {
  public:
    Simulation(const SampleConv &sample, BlockProduct form, int64_t levels)
        : sample(sample), form(form), levels(levels), sides(ir::power(2, levels)),
          positions(ceilDiv(sample.outputSize(), sides)), channels(ceilDiv(sample.channels, sides)),
          outputs(ceilDiv(sample.outputs, sides)) {
      for (int64_t extent : sample.kernel)
        taps *= extent;
    }

    std::vector<float> run() {
      std::vector<Block> left = ir::leftFactors(form, levels, patches());
      std::vector<Block> right = ir::rightFactors(form, levels, filters());
      std::vector<Block> products;
      for (auto [a, b] : llvm::zip_equal(left, right))
        products.push_back(product(a, b));
      return joined(ir::blocksOf(form, levels, std::move(products)));
    }

  private:
    std::vector<Block> blocks(int64_t size) const {
      return std::vector<Block>(static_cast<size_t>(sides * sides),
                                Block(0.0F, static_cast<size_t>(size)));
    }

    Block &at(std::vector<Block> &of, int64_t row, int64_t column) const {
      return of[static_cast<size_t>(ir::blockIndex(levels, row, column))];
    }

    /// The offset of index `number` of a box within the sample's input.
    int64_t offset(int64_t number, llvm::ArrayRef<int64_t> box) const {
      llvm::SmallVector<int64_t, 3> in = sample.in();
      int64_t result = 0, step = 1;
      for (size_t axis = box.size(); axis-- > 0;) {
        result += number % box[axis] * step;
        number /= box[axis];
        step *= in[axis];
      }
      return result;
    }

    /// [positions][channels][taps] of each block.
    std::vector<Block> patches() const {
      std::vector<Block> result = blocks(positions * channels * taps);
      for (int64_t p = 0; p < sample.outputSize(); ++p)
        for (int64_t c = 0; c < sample.channels; ++c) {
          Block &block = at(result, p / positions, c / channels);
          const float *x = sample.input.data() + c * sample.inputSize() + offset(p, sample.out);
          for (int64_t t = 0; t < taps; ++t)
            block[static_cast<size_t>((p % positions * channels + c % channels) * taps + t)] =
                x[offset(t, sample.kernel)];
        }
      return result;
    }

    /// [outputs][channels][taps] of each block; in f32, which the sums of real kernels are not.
    std::vector<Block> filters() const {
      std::vector<Block> result = blocks(outputs * channels * taps);
      for (int64_t o = 0; o < sample.outputs; ++o)
        for (int64_t c = 0; c < sample.channels; ++c) {
          Block &block = at(result, c / channels, o / outputs);
          for (int64_t t = 0; t < taps; ++t)
            block[static_cast<size_t>((o % outputs * channels + c % channels) * taps + t)] =
                sample.filter[static_cast<size_t>((o * sample.channels + c) * taps + t)];
        }
      return result;
    }

    /// [outputs][positions] of two blocks.
    Block product(const Block &a, const Block &b) const {
      Block sums(static_cast<size_t>(outputs * positions));
      int64_t depth = channels * taps;
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t p = 0; p < positions; ++p) {
          float &sum = sums[static_cast<size_t>(o * positions + p)];
          for (int64_t k = 0; k < depth; ++k)
            sum = std::fma(a[static_cast<size_t>(p * depth + k)],
                           b[static_cast<size_t>(o * depth + k)], sum);
        }
      return sums;
    }

    std::vector<float> joined(std::vector<Block> of) const {
      std::vector<float> result;
      for (int64_t o = 0; o < sample.outputs; ++o)
        for (int64_t p = 0; p < sample.outputSize(); ++p)
          result.push_back(
              at(of, p / positions,
                 o / outputs)[static_cast<size_t>(o % outputs * positions + p % positions)]);
      return result;
    }

    const SampleConv &sample;
    BlockProduct form;
    int64_t levels, sides;
    int64_t positions, channels, outputs; ///< of a block
    int64_t taps = 1;
  };

  BlockProduct form;
};

} // namespace

const ConvAlgorithm &strassenConv() {
  static const Strassen algorithm(BlockProduct::strassen);
  return algorithm;
}

const ConvAlgorithm &strassenWinogradConv() {
  static const Strassen algorithm(BlockProduct::winograd);
  return algorithm;
}

} // namespace quern::passes
