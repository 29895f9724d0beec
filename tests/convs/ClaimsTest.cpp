// What is claimed of errors before there is a kernel, against what kernels err, and simulations of
// whole layers: on layers of every kind, drawn by rule.
#include "ir/HostTensor.h"
#include "passes/conv/ErrorClaims.h"
#include "passes/conv/SampleErrors.h"
#include "tests/convs/ConvCase.h"
#include "tests/ops/OpHarness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace quern::tests {
namespace {

using passes::ConvElement;
using passes::ConvShape;
using passes::ErrorClaims;
using passes::SampleConv;

enum class Weights { normal, positive, binades, oneTap, lastTap };

/// Weights of a kind for numbers drawn from [-1, 1]: one tap far larger than the others leaves
/// outputs that are small beside what transforms add up; of 40 binades (10 of those that f16 has)
/// few weights count.
std::vector<double> weightsOf(Weights kind, const ConvShape &shape, std::vector<double> drawn) {
  const int64_t taps = shape.taps(), binades = shape.element == ConvElement::f16 ? 10 : 40;
  for (size_t i = 0; i < drawn.size(); ++i) {
    double &w = drawn[i];
    int64_t tap = static_cast<int64_t>(i) % taps;
    switch (kind) {
    case Weights::normal:
      break;
    case Weights::positive:
      w = std::fabs(w);
      break;
    case Weights::binades: // the lower digits of a number are as good as random
      w = std::ldexp(
          w, static_cast<int>(static_cast<int64_t>(std::fabs(w) * 4096) % binades - binades / 2));
      break;
    case Weights::oneTap:
    case Weights::lastTap:
      w = tap == (kind == Weights::oneTap ? taps / 3 : taps - 1) ? 1 : 1e-6 * w;
      break;
    }
  }
  return drawn;
}

struct Layer {
  ConvCase conv;
  Weights weights = Weights::normal;
};

/// Layers of one to three axes, of one channel to 32, of 3 to 15 taps along an axis.
class Draw {
public:
  Draw(uint32_t seed, double mostProducts) : random(seed), mostProducts(mostProducts) {}

  /// Of an algorithm that is claimed to serve `element`; now and then of a tile that users name.
  Layer layer(ir::ConvAlgorithm kind, ConvElement element) {
    const passes::ConvAlgorithm &algorithm = passes::convAlgorithm(kind);
    Layer layer;
    layer.conv.algorithm = kind;
    layer.weights = pick({Weights::normal, Weights::normal, Weights::positive, Weights::binades,
                          Weights::oneTap, Weights::lastTap});
    do
      layer.conv.shape = shape(element);
    while (static_cast<double>(layer.conv.shape.products()) > mostProducts ||
           !algorithm.refusal(layer.conv.shape).empty());
    llvm::SmallVector<passes::Tile> tiles = algorithm.tiles(layer.conv.shape);
    layer.conv.tile = tiles[random() % tiles.size()];
    passes::Tile named;
    for (size_t axis = 0; axis < layer.conv.shape.axes.size(); ++axis)
      named.push_back(pick({2, 3, 4, 5, 6, 7, 8, 10, 15, 16}));
    if (kind == ir::ConvAlgorithm::winograd && random() % 2 == 0 &&
        algorithm.offers(layer.conv.shape, named))
      layer.conv.tile = named;
    return layer;
  }

private:
  template <typename T> T pick(std::initializer_list<T> values) {
    return values.begin()[random() % values.size()];
  }

  ConvShape shape(ConvElement element) {
    ConvShape shape{.element = element};
    shape.inChannels = pick({1, 1, 2, 4, 8, 16, 32});
    shape.outChannels = pick({1, 1, 2, 4, 8, 16, 32});
    int rank = pick({1, 1, 2, 2, 2, 3});
    for (int axis = 0; axis < rank; ++axis) {
      int64_t taps = rank == 1   ? pick({3, 5, 7, 9, 13, 15})
                     : rank == 2 ? pick({3, 3, 3, 5, 7, 9})
                                 : pick({2, 3});
      int64_t extent = rank == 1   ? pick({20, 60, 200, 1000})
                       : rank == 2 ? pick({12, 20, 40, 60})
                                   : pick({7, 12, 18});
      int64_t pad = random() % 2 == 0 ? taps / 2 : 0;
      shape.axes.push_back(convAxis(extent, taps, pad, pad));
    }
    return shape;
  }

  std::mt19937 random;
  double mostProducts;
};

/// All of a layer of f32 as one sample, its padding included.
SampleConv wholeLayer(const Layer &layer, std::mt19937 &random) {
  const ConvShape &shape = layer.conv.shape;
  SampleConv whole;
  whole.channels = shape.inChannels;
  whole.outputs = shape.outChannels;
  for (const passes::ConvAxis &axis : shape.axes) {
    whole.kernel.push_back(axis.kernel);
    whole.out.push_back(axis.out);
  }
  std::uniform_real_distribution<float> uniform(-1, 1);
  ir::forEachIndex(llvm::SmallVector<int64_t>{whole.channels}, [&](auto) {
    ir::forEachIndex(whole.in(), [&](llvm::ArrayRef<int64_t> at) {
      bool isInside = true;
      for (auto [index, axis] : llvm::zip_equal(at, shape.axes))
        isInside &= index >= axis.padLow && index < axis.padLow + axis.in;
      whole.input.push_back(isInside ? uniform(random) : 0);
    });
  });
  std::normal_distribution<double> normal;
  std::vector<double> drawn(static_cast<size_t>(whole.outputs * whole.channels * shape.taps()));
  for (double &value : drawn)
    value = normal(random);
  std::vector<double> weights = weightsOf(layer.weights, shape, drawn);
  whole.filter.assign(weights.begin(), weights.end());
  return whole;
}

/// Relative to the largest output.
double errorOf(const SampleConv &whole, const std::vector<float> &computed) {
  std::vector<double> exact = whole.exact();
  double scale = 0, largest = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    scale = std::max(scale, std::fabs(exact[i]));
    largest = std::max(largest, std::fabs(static_cast<double>(computed[i]) - exact[i]));
  }
  return largest / scale;
}

class Claims : public testing::TestWithParam<uint32_t> {};

/// Both of what is claimed at a first look, and at the closer one that a budget near it asks for.
TEST_P(Claims, AreKeptByWholeLayers) {
  Draw draw(GetParam(), 4e6);
  std::mt19937 random(GetParam() + 1000);
  for (int i = 0; i < 150; ++i) {
    auto algorithm = i % 4 == 0   ? ir::ConvAlgorithm::direct
                     : i % 9 == 1 ? ir::ConvAlgorithm::strassen
                                  : ir::ConvAlgorithm::winograd;
    Layer layer = draw.layer(algorithm, ConvElement::f32);
    SampleConv whole = wholeLayer(layer, random);
    double error =
        errorOf(whole, passes::convAlgorithm(algorithm).simulate(whole, layer.conv.tile));
    const ConvShape &shape = layer.conv.shape;
    std::vector<double> weights(whole.filter.begin(), whole.filter.end());
    auto claim = [&](double budget) {
      return ErrorClaims(shape, filterView(shape, weights), {}, budget)
          .of(algorithm, layer.conv.tile)
          .max;
    };
    double glance = claim(1);
    EXPECT_LE(error, glance) << layer.conv.name();
    if (i % 4 == 1) {
      EXPECT_LE(error, claim(0.9 * glance)) << layer.conv.name();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, Claims, testing::Range(0U, 4U));

/// A kernel that may err by what is claimed of its weights, and by what the exact result is
/// rounded.
OpCase caseOf(const Layer &layer) {
  OpCase result = opCase(layer.conv);
  const ConvShape shape = layer.conv.shape;
  const std::string element = text(shape.element).str();
  if (layer.conv.algorithm != ir::ConvAlgorithm::separable)
    result.weight.draw = [=, kind = layer.weights](const Tensor &drawn) {
      return reference::cast(Tensor(drawn.shape, weightsOf(kind, shape, drawn.values)), element);
    };
  result.allowance = [=, algorithm = layer.conv.algorithm,
                      tile = layer.conv.tile](const std::vector<Tensor> &in, const Tensor &exact) {
    ErrorClaims claims(shape, filterView(shape, in[1].values), {}, 1);
    double largest = 0;
    for (double value : exact.values)
      largest = std::max(largest, std::fabs(value));
    return (claims.of(algorithm, tile).max + storedRoundoff(shape.element)) * largest;
  };
  return result;
}

class KernelClaims : public testing::TestWithParam<ConvElement> {};

TEST_P(KernelClaims, AreKept) {
  Draw draw(7 + static_cast<uint32_t>(GetParam()), 1e6);
  Cases cases;
  int count = GetParam() == ConvElement::f32 ? 40 : 12;
  for (int i = 0; i < count; ++i) {
    auto algorithm = i % 4 == 0   ? ir::ConvAlgorithm::direct
                     : i % 4 == 1 ? ir::ConvAlgorithm::fft
                                  : ir::ConvAlgorithm::winograd;
    cases.push_back(caseOf(draw.layer(algorithm, GetParam())));
  }
  checkCases(cases, "host");
}

INSTANTIATE_TEST_SUITE_P(Types, KernelClaims,
                         testing::Values(ConvElement::f16, ConvElement::bf16, ConvElement::f32,
                                         ConvElement::f64),
                         [](const auto &type) { return text(type.param).str(); });

/// The last tap of each filter counts alone: what transforms lose at the corners of tiles does not
/// vanish beside the outputs. So of few channels, and of tiles that a budget would have refused.
TEST(KernelClaims, AreKeptAtTheCornersOfTiles) {
  auto square = [](int64_t in, int64_t out, int64_t size, int64_t taps, passes::Tile tile) {
    Layer layer;
    layer.weights = Weights::lastTap;
    layer.conv.algorithm = ir::ConvAlgorithm::winograd;
    layer.conv.tile = std::move(tile);
    passes::ConvAxis axis = convAxis(size, taps, taps / 2, taps / 2);
    layer.conv.shape = {.inChannels = in, .outChannels = out, .axes = {axis, axis}};
    return layer;
  };
  checkCases({caseOf(square(16, 4, 40, 3, {5, 5})), caseOf(square(2, 16, 60, 3, {5, 5})),
              caseOf(square(4, 1, 60, 9, {15, 15})), caseOf(square(1, 1, 40, 9, {15, 15}))},
             "host");
}

TEST(Claims, BesideOutputsOfZeroAnyErrorIsInfinite) {
  SampleConv sample{
      .outputs = 1, .kernel = {1}, .out = {4}, .input = {1, 2, 3, 4}, .filter = {0}, .roundoff = 0};
  EXPECT_EQ(passes::expectedError(sample, {0, 0, 0, 0}, {1}, 100).max, 0);
  EXPECT_TRUE(std::isinf(passes::expectedError(sample, {0, 1e-20F, 0, 0}, {1}, 100).max));
}

} // namespace
} // namespace quern::tests
