// The reference against cases worked out by hand (and, where named, against what PyTorch and Pillow
// print).
#include "tests/ops/reference/Reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace quern::reference {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

MATCHER_P2(IsTensor, shape, values, "") {
  return testing::ExplainMatchResult(testing::ContainerEq(Shape(shape)), arg.shape,
                                     result_listener) &&
         testing::ExplainMatchResult(
             Pointwise(testing::DoubleNear(1e-9), std::vector<double>(values)), arg.values,
             result_listener);
}

/// 1, 2, 3, … in `shape`.
Tensor counting(const Shape &shape) {
  Tensor result(shape);
  for (size_t i = 0; i < result.values.size(); ++i)
    result.values[i] = static_cast<double>(i + 1);
  return result;
}

void expectTensor(const Tensor &actual, const Shape &shape, const std::vector<double> &values) {
  EXPECT_THAT(actual, IsTensor(shape, values));
}

TEST(ReferenceTensor, RefusesValuesThatDoNotFillTheShape) {
  EXPECT_THROW(Tensor({2, 2}, {1, 2, 3}), std::invalid_argument);
  EXPECT_EQ(Tensor().size(), 1);
}

TEST(ReferenceElementwise, Unary) {
  Tensor x({3}, {-1.5, 0, 2.5});
  expectTensor(unary("relu", x), {3}, {0, 0, 2.5});
  expectTensor(unary("round", x), {3}, {-2, 0, 2});
  expectTensor(unary("floor", x), {3}, {-2, 0, 2});
  expectTensor(unary("ceil", x), {3}, {-1, 0, 3});
  expectTensor(unary("not", x), {3}, {0, 1, 0});
  expectTensor(unary("neg", x), {3}, {1.5, 0, -2.5});
  expectTensor(unary("abs", x), {3}, {1.5, 0, 2.5});
  expectTensor(unary("sigmoid", Tensor({2}, {0, std::log(3)})), {2}, {0.5, 0.75});
  expectTensor(unary("rsqrt", Tensor({1}, {4})), {1}, {0.5});
  expectTensor(unary("exp", unary("log", Tensor({1}, {7}))), {1}, {7});
  expectTensor(unary("tanh", Tensor({1}, {std::log(2)})), {1}, {0.6});
  expectTensor(unary("erf", Tensor({1}, {0.5})), {1}, {0.5204998778130465});
  EXPECT_TRUE(std::isnan(unary("relu", Tensor({1}, {NAN})).values[0]));
  EXPECT_THROW(unary("gelu", x), std::invalid_argument);
}

TEST(ReferenceElementwise, BinaryBroadcastsBothWays) {
  Tensor column({2, 1}, {10, 20}), row({3}, {1, 2, 3});
  expectTensor(binary("add", column, row), {2, 3}, {11, 12, 13, 21, 22, 23});
  expectTensor(binary("sub", row, Tensor({}, {1})), {3}, {0, 1, 2});
  expectTensor(binary("pow", Tensor({}, {2}), row), {3}, {2, 4, 8});
  expectTensor(compare("ge", row, Tensor({}, {2})), {3}, {0, 1, 1});
  expectTensor(select(Tensor({2, 1}, {1, 0}), row, Tensor({}, {-1})), {2, 3},
               {1, 2, 3, -1, -1, -1});
  EXPECT_TRUE(std::isnan(binary("max", row, Tensor({1}, {NAN})).values[0]));
  EXPECT_TRUE(std::isnan(binary("min", Tensor({1}, {NAN}), row).values[0]));
  EXPECT_THROW(binary("add", row, Tensor({2})), std::invalid_argument);
}

TEST(ReferenceCast, RoundsToWhatTheTypeStores) {
  expectTensor(cast(Tensor({3}, {1 + 1.0 / 2048, 65519, 1e-8}), "f16"), {3}, {1, 65504, 0});
  EXPECT_TRUE(std::isinf(cast(Tensor({1}, {65520}), "f16").values[0]));
  expectTensor(cast(Tensor({1}, {5.9604644775390625e-8}), "f16"), {1}, {std::ldexp(1, -24)});
  expectTensor(cast(Tensor({2}, {1 + 1.0 / 256, 1 + 3.0 / 256}), "bf16"), {2}, {1, 1 + 1.0 / 64});
  expectTensor(cast(Tensor({2}, {-2.9, 2.9}), "i32"), {2}, {-2, 2});
  expectTensor(cast(Tensor({3}, {300, -129, 128}), "i8"), {3}, {44, 127, -128});
  expectTensor(cast(Tensor({2}, {-1, 256}), "u8"), {2}, {255, 0});
  expectTensor(cast(Tensor({2}, {0.5, 0}), "i1"), {2}, {1, 0});
  EXPECT_EQ(cast(Tensor({1}, {0.1}), "f32").values[0], static_cast<double>(0.1F));
}

TEST(ReferenceContract, MatrixProductBatchOuterAndTrace) {
  Tensor a({2, 3}, {1, 2, 3, 4, 5, 6}), b({3, 2}, {7, 8, 9, 10, 11, 12});
  using Axes = std::vector<int64_t>;
  expectTensor(contract(a, b, Axes{0, 1}, Axes{1, 2}, Axes{0, 2}), {2, 2}, {58, 64, 139, 154});
  expectTensor(contract(a, b, Axes{0, 1}, Axes{1, 2}, Axes{2, 0}), {2, 2}, {58, 139, 64, 154});
  expectTensor(contract(a, a, Axes{0, 1}, Axes{0, 1}, Axes{0}), {2}, {14, 77});
  expectTensor(contract(Tensor({2}, {1, 2}), Tensor({2}, {3, 4}), Axes{5}, Axes{9}, Axes{5, 9}),
               {2, 2}, {3, 4, 6, 8});
  // A label that only one operand has is summed too: (1 + 2 + 3) * 2 and (4 + 5 + 6) * 2.
  expectTensor(contract(a, Tensor({}, {2}), Axes{0, 1}, Axes{}, Axes{0}), {2}, {12, 30});
  EXPECT_THROW(contract(a, b, Axes{0, 1}, Axes{2, 1}, Axes{0}), std::invalid_argument);
  EXPECT_THROW(contract(a, b, Axes{0, 1}, Axes{1, 2}, Axes{3}), std::invalid_argument);
}

TEST(ReferenceConv, StrideDilationAndAsymmetricPadding) {
  Tensor line({1, 1, 5}, {1, 2, 3, 4, 5}), taps({1, 1, 2}, {1, 10});
  expectTensor(conv(line, taps), {1, 1, 4}, {21, 32, 43, 54});
  expectTensor(conv(line, taps, {.strides = {2}}), {1, 1, 2}, {21, 43});
  expectTensor(conv(line, taps, {.dilations = {3}}), {1, 1, 2}, {41, 52});
  expectTensor(conv(line, taps, {.padHigh = {1}}), {1, 1, 5}, {21, 32, 43, 54, 5});
  expectTensor(conv(line, taps, {.strides = {2}, .padLow = {1}}), {1, 1, 3}, {10, 32, 54});
  EXPECT_THROW(conv(line, taps, {.dilations = {5}}), std::invalid_argument);
}

TEST(ReferenceConv, ChannelsAndBatchSum) {
  Tensor input({2, 2, 2, 2}, counting({2, 2, 2, 2}).values);
  Tensor weight({1, 2, 2, 2}, {1, 0, 0, 0, 0, 0, 0, 1});
  expectTensor(conv(input, weight), {2, 1, 1, 1}, {1 + 8, 9 + 16});
}

TEST(ReferenceConv, GroupsSeeTheirOwnChannels) {
  Tensor input({1, 4, 1}, {1, 10, 100, 1000}), weight({4, 2, 1}, {1, 1, 1, 2, 1, 1, 2, 1});
  expectTensor(conv(input, weight, {}, 2), {1, 4, 1}, {11, 21, 1100, 1200});
  Tensor depthwise({4, 1, 1}, {1, 2, 3, 4});
  expectTensor(conv(input, depthwise, {}, 4), {1, 4, 1}, {1, 20, 300, 4000});
  EXPECT_THROW(conv(input, weight, {}, 1), std::invalid_argument);
}

TEST(ReferenceConv, ThreeSpatialAxes) {
  Tensor input = counting({1, 1, 2, 2, 3});
  expectTensor(conv(input, constant({1, 1, 2, 2, 2}, 1)), {1, 1, 1, 1, 2},
               {1 + 2 + 4 + 5 + 7 + 8 + 10 + 11, 2 + 3 + 5 + 6 + 8 + 9 + 11 + 12});
}

TEST(ReferenceWindow, PaddingOfEachKind) {
  Tensor line({1, 4}, {-1, -2, -3, -4});
  Window padded{.strides = {2}, .padLow = {1}, .padHigh = {1}};
  expectTensor(windowReduce(line, "max", {3}, padded), {1, 2}, {-1, -2});
  expectTensor(windowReduce(line, "min", {3}, padded), {1, 2}, {-2, -4});
  expectTensor(windowReduce(line, "sum", {3}, padded), {1, 2}, {-3, -9});
  expectTensor(windowReduce(line, "prod", {3}, padded), {1, 2}, {2, -24});
  expectTensor(windowReduce(line, "mean", {3}, padded), {1, 2}, {-1.5, -3});
  expectTensor(windowReduce(line, "mean", {3}, padded, true), {1, 2}, {-1, -3});
  expectTensor(windowReduce(line, "max", {2}, {.dilations = {2}}), {1, 2}, {-1, -2});
}

TEST(ReferenceWindow, TwoAxes) {
  expectTensor(windowReduce(counting({1, 1, 3, 3}), "mean", {2, 2}), {1, 1, 2, 2}, {3, 4, 6, 7});
}

TEST(ReferenceReduce, EachKindAndKeptAxes) {
  Tensor x({2, 3}, {1, 5, 3, 4, 2, 6});
  expectTensor(reduce(x, "sum", {0}), {3}, {5, 7, 9});
  expectTensor(reduce(x, "mean", {1}, true), {2, 1}, {3, 4});
  expectTensor(reduce(x, "max", {1}), {2}, {5, 6});
  expectTensor(reduce(x, "min", {0, 1}), {}, {1});
  expectTensor(reduce(x, "prod", {1}), {2}, {15, 48});
}

TEST(ReferenceSoftmax, IsStableAlongItsAxis) {
  Tensor x({2, 2}, {1000, 0, 1000 + std::log(3), 0});
  expectTensor(softmax(x, 0), {2, 2}, {0.25, 0.5, 0.75, 0.5});
}

TEST(ReferenceAttention, SeesWhatTheMaskAdmits) {
  // Scores: ln 3 and 0; 0 and 0.
  Tensor query({1, 1, 2, 1}, {2, 0}), key({1, 1, 2, 1}, {std::log(3), 0});
  Tensor value({1, 1, 2, 2}, {4, 8, 0, 4});
  expectTensor(attention(query, key, value, nullptr, 0.5), {1, 1, 2, 2}, {3, 7, 2, 6});
  Tensor mask({2, 2}, {0, 0, 0, 1});
  expectTensor(attention(query, key, value, &mask, 0.5), {1, 1, 2, 2}, {0, 0, 0, 4});
}

TEST(ReferenceResize, Nearest) {
  Tensor x({1, 1, 4}, {1, 2, 3, 4});
  expectTensor(resize(x, {2}, ResizeMode::nearest, ResizeCoordinates::asymmetric), {1, 1, 2},
               {1, 3});
  // Positions 0.5 and 2.5: ties go down.
  expectTensor(resize(x, {2}, ResizeMode::nearest, ResizeCoordinates::halfPixel), {1, 1, 2},
               {1, 3});
  expectTensor(resize(x, {3}, ResizeMode::nearest, ResizeCoordinates::alignCorners), {1, 1, 3},
               {1, 2, 4});
}

TEST(ReferenceResize, LinearInEachCoordinateSystem) {
  Tensor x({1, 1, 2}, {0, 4});
  expectTensor(resize(x, {4}, ResizeMode::linear, ResizeCoordinates::halfPixel), {1, 1, 4},
               {0, 1, 3, 4});
  expectTensor(resize(x, {4}, ResizeMode::linear, ResizeCoordinates::alignCorners), {1, 1, 4},
               {0, 4.0 / 3, 8.0 / 3, 4});
  expectTensor(resize(x, {4}, ResizeMode::linear, ResizeCoordinates::asymmetric), {1, 1, 4},
               {0, 2, 4, 4});
}

TEST(ReferenceResize, AntialiasAveragesWhatItShrinks) {
  // Triangle of half-width 2 at 0.5 and 2.5 over 4 pixels: weights 3 3 1 / 7 and 1 3 3 / 7.
  Tensor x({1, 1, 4}, {7, 0, 0, 14});
  expectTensor(resize(x, {2}, ResizeMode::linear, ResizeCoordinates::halfPixel, true), {1, 1, 2},
               {3, 6});
  // It leaves an enlarged image as it is without.
  Tensor y({1, 1, 2}, {0, 4});
  expectTensor(resize(y, {4}, ResizeMode::linear, ResizeCoordinates::halfPixel, true), {1, 1, 4},
               {0, 1, 3, 4});
}

TEST(ReferenceResize, CubicAgreesWithTorch) {
  // torch.nn.functional.interpolate(x, size=…, mode="bicubic", align_corners=False, antialias=…) in
  // double precision.
  Tensor x({1, 1, 3, 3}, {1, 4, 2, 8, 5, 7, 3, 9, 6});
  expectTensor(resize(x, {2, 2}, ResizeMode::cubic, ResizeCoordinates::halfPixel), {1, 1, 2, 2},
               {3.0940093994140625, 3.4225006103515625, 5.289215087890625, 6.92535400390625});
  expectTensor(resize(x, {2, 2}, ResizeMode::cubic, ResizeCoordinates::halfPixel, true),
               {1, 1, 2, 2},
               {3.8548394992386545, 3.9512249793238845, 5.987506731009535, 7.036668221132665});
}

TEST(ReferenceShape, MovesValuesOnly) {
  Tensor x = counting({2, 3});
  expectTensor(reshape(x, {3, 2}), {3, 2}, {1, 2, 3, 4, 5, 6});
  expectTensor(transpose(x, {1, 0}), {3, 2}, {1, 4, 2, 5, 3, 6});
  EXPECT_THAT(transpose(counting({2, 3, 4}), {2, 0, 1}).shape, ElementsAre(4, 2, 3));
  EXPECT_EQ(transpose(counting({2, 3, 4}), {2, 0, 1}).at({3, 1, 2}), 24);
  expectTensor(broadcast(Tensor({2, 1}, {1, 2}), {2, 2, 2}), {2, 2, 2}, {1, 1, 2, 2, 1, 1, 2, 2});
  expectTensor(slice(x, {0, 1}, {2, 1}), {2, 1}, {2, 5});
  expectTensor(slice(x, {1, 0}, {1, 2}, {1, 2}), {1, 2}, {4, 6});
  expectTensor(concat({x, Tensor({2, 1}, {7, 8})}, 1), {2, 4}, {1, 2, 3, 7, 4, 5, 6, 8});
  expectTensor(pad(Tensor({2}, {1, 2}), {1}, {2}, 9), {5}, {9, 1, 2, 9, 9});
  expectTensor(gather(x, Tensor({2, 2}, {2, 0, 1, 5}), 1), {2, 2, 2}, {3, 1, 2, 3, 6, 4, 5, 6});
  expectTensor(iota({2, 3}, 1), {2, 3}, {0, 1, 2, 0, 1, 2});
  EXPECT_THROW(slice(x, {0, 2}, {2, 2}), std::out_of_range);
  EXPECT_THROW(reshape(x, {4}), std::invalid_argument);
}

} // namespace
} // namespace quern::reference
