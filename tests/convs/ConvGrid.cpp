#include "tests/convs/ConvGrid.h"

#include <algorithm>
#include <random>

namespace quern::tests {
namespace {

using passes::ConvAxis;
using passes::ConvShape;

/// Draws shapes, most of them small: it is the kernels that differ, not the arithmetic.
class Draw {
public:
  Draw(ir::ConvAlgorithm algorithm, passes::ConvElement element, uint32_t seed)
      : random(seed * 16 + static_cast<uint32_t>(algorithm)), algorithm(algorithm),
        element(element) {}

  ConvShape shape() {
    for (;;) {
      ConvShape shape{.element = element};
      size_t rank = pick({1, 1, 2, 2, 2, 2, 3});
      shape.batch = pick({1, 1, 1, 2, 3});
      drawChannels(shape);
      for (size_t axis = 0; axis < rank; ++axis)
        shape.axes.push_back(axisOf(rank));
      if (isByBlocks() && pick({0, 0, 1}) != 0)
        makeProduct(shape);
      bool fits = std::all_of(shape.axes.begin(), shape.axes.end(),
                              [](const ConvAxis &axis) { return axis.out > 0; });
      if (fits && shape.products() <= mostProducts &&
          passes::convAlgorithm(algorithm).refusal(shape).empty())
        return shape;
    }
  }

  ConvCase of(size_t number) {
    ConvCase c{.shape = shape(), .algorithm = algorithm};
    c.tile = tile(c.shape, number);
    c.epilogue = static_cast<Epilogue>(pick({0, 0, 1, 2}));
    c.lastIn = pick({0, 1, 1, 1, 1}) != 0;
    c.lastOut = pick({0, 1, 1, 1, 1}) != 0;
    return c;
  }

private:
  /// The reference sums up a few millions a second.
  static constexpr int64_t mostProducts = 400'000;

  int64_t pick(std::initializer_list<int64_t> values) {
    return values.begin()[random() % values.size()];
  }

  void drawChannels(ConvShape &shape) {
    auto channels = [&] { return pick({1, 2, 3, 5, 7, 8, 11, 13, 16, 17, 24, 32, 37, 48, 64}); };
    shape.inChannels = channels();
    shape.outChannels = channels();
    switch (pick({0, 0, 0, 1, 2})) {
    case 1: // depthwise
      shape.groups = shape.outChannels = shape.inChannels;
      break;
    case 2:
      shape.groups = pick({2, 3, 4});
      shape.inChannels *= shape.groups;
      shape.outChannels *= shape.groups;
      break;
    default:
      break;
    }
  }

  bool isByBlocks() const {
    return algorithm == ir::ConvAlgorithm::strassen ||
           algorithm == ir::ConvAlgorithm::strassen_winograd;
  }

  static void makeProduct(ConvShape &shape) {
    shape.isProduct = true;
    shape.groups = 1;
    for (ConvAxis &axis : shape.axes)
      axis = convAxis(axis.in, 1);
  }

  ConvAxis axisOf(size_t rank) {
    int64_t in = rank == 3   ? pick({1, 2, 3, 4, 5, 6, 7, 9})
                 : rank == 2 ? pick({1, 2, 3, 5, 7, 8, 9, 11, 13, 14, 16, 17, 19, 23})
                             : pick({1, 2, 5, 16, 17, 31, 40, 53, 64, 100, 129});
    int64_t kernel =
        rank == 1 ? pick({1, 2, 3, 4, 5, 7, 9, 15, 31}) : pick({1, 2, 3, 3, 3, 4, 5, 7});
    int64_t stride = pick({1, 1, 1, 1, 2, 3}), dilation = pick({1, 1, 1, 1, 2, 3});
    int64_t span = (kernel - 1) * dilation + 1;
    int64_t low = pick({0, span / 2, span / 2, span - 1, span + 1}),
            high = pick({0, span / 2, span / 2, span - 1, 1});
    return convAxis(in, kernel, low, high, stride, dilation);
  }

  /// All that the algorithm has for the shape, in turn, and some that a user may name.
  passes::Tile tile(const ConvShape &shape, size_t number) {
    const passes::ConvAlgorithm &of = passes::convAlgorithm(algorithm);
    llvm::SmallVector<passes::Tile> tiles = of.tiles(shape);
    if (algorithm == ir::ConvAlgorithm::winograd && number % 3 == 0)
      for (int trial = 0; trial < 10; ++trial) {
        passes::Tile named;
        for (size_t axis = 0; axis < shape.axes.size(); ++axis)
          named.push_back(pick({1, 2, 3, 4, 5, 7, 8, 9, 10, 12}));
        if (of.offers(shape, named))
          return named;
      }
    if (algorithm == ir::ConvAlgorithm::separable && number % 2 == 0)
      for (int trial = 0; trial < 10; ++trial) {
        passes::Tile named = tiles[random() % tiles.size()];
        named.push_back(pick({1, 2, 3, 4, 7, 8, 16, 17, 32, 40}));
        if (of.offers(shape, named))
          return named;
      }
    return tiles[number % tiles.size()];
  }

  std::mt19937 random;
  ir::ConvAlgorithm algorithm;
  passes::ConvElement element;
};

} // namespace

std::vector<ConvCase> convGrid(ir::ConvAlgorithm algorithm, passes::ConvElement element,
                               size_t count, uint32_t seed) {
  Draw draw(algorithm, element, seed);
  std::vector<ConvCase> cases;
  for (size_t number = 0; number < count; ++number)
    cases.push_back(draw.of(number));
  return cases;
}

} // namespace quern::tests
