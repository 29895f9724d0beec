#include "tests/ops/OpCase.h"

#include <cmath>

namespace quern::tests {
namespace {

namespace ref = reference;

/// A kernel written out; "NHWC" in the text stands for that layout.
OpCase kernel(const std::string &name, std::string text,
              std::function<Tensor(const std::vector<Tensor> &)> meaning) {
  for (size_t at = text.find("NHWC"); at != std::string::npos; at = text.find("NHWC"))
    text.replace(at, 4, "#quern.layout<[0, 2, 3, 1]>");
  OpCase c;
  c.name = name;
  c.text = std::move(text);
  c.meaning = std::move(meaning);
  return c;
}

} // namespace

Cases fusedCases() {
  Cases cases;
  cases.push_back(kernel("conv + bias + relu6 + residual", R"(
(%x: tensor<1x24x9x9xf32, NHWC>, %w: tensor<40x24x1x1xf32>, %b: tensor<40x1x1xf32>, %res: tensor<1x40x9x9xf32, NHWC>)
    -> tensor<1x40x9x9xf32, NHWC> {
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1
       : (tensor<1x24x9x9xf32, NHWC>, tensor<40x24x1x1xf32>) -> tensor<1x40x9x9xf32, NHWC>
  %1 = quern.add %0, %b : (tensor<1x40x9x9xf32, NHWC>, tensor<40x1x1xf32>) -> tensor<1x40x9x9xf32, NHWC>
  %six = quern.constant dense<6.0> : tensor<f32>
  %2 = quern.relu %1 : (tensor<1x40x9x9xf32, NHWC>) -> tensor<1x40x9x9xf32, NHWC>
  %3 = quern.min %2, %six : (tensor<1x40x9x9xf32, NHWC>, tensor<f32>) -> tensor<1x40x9x9xf32, NHWC>
  %4 = quern.add %3, %res : (tensor<1x40x9x9xf32, NHWC>, tensor<1x40x9x9xf32, NHWC>) -> tensor<1x40x9x9xf32, NHWC>
  return %4 : tensor<1x40x9x9xf32, NHWC>
})",
                         [](const std::vector<Tensor> &in) {
                           Tensor sum = ref::binary("add", ref::conv(in[0], in[1]), in[2]);
                           Tensor clipped =
                               ref::binary("min", ref::unary("relu", sum), ref::constant({}, 6));
                           return ref::binary("add", clipped, in[3]);
                         }));
  cases.push_back(kernel("scale + conv: a prologue", R"(
(%x: tensor<2x24x7x7xf32, NHWC>, %s: tensor<2x24x1x1xf32>, %w: tensor<18x24x3x3xf32>) -> tensor<2x18x7x7xf32, NHWC> {
  %0 = quern.mul %x, %s : (tensor<2x24x7x7xf32, NHWC>, tensor<2x24x1x1xf32>) -> tensor<2x24x7x7xf32, NHWC>
  %1 = quern.conv %0, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1
       : (tensor<2x24x7x7xf32, NHWC>, tensor<18x24x3x3xf32>) -> tensor<2x18x7x7xf32, NHWC>
  return %1 : tensor<2x18x7x7xf32, NHWC>
})",
                         [](const std::vector<Tensor> &in) {
                           return ref::conv(ref::binary("mul", in[0], in[1]), in[2],
                                            {{}, {}, {1, 1}, {1, 1}});
                         }));
  cases.push_back(kernel("scale + pointwise conv", R"(
(%x: tensor<1x20x6x5xf32, NHWC>, %s: tensor<1x20x1x1xf32>, %w: tensor<33x20x1x1xf32>) -> tensor<1x33x6x5xf32, NHWC> {
  %0 = quern.mul %x, %s : (tensor<1x20x6x5xf32, NHWC>, tensor<1x20x1x1xf32>) -> tensor<1x20x6x5xf32, NHWC>
  %1 = quern.conv %0, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1
       : (tensor<1x20x6x5xf32, NHWC>, tensor<33x20x1x1xf32>) -> tensor<1x33x6x5xf32, NHWC>
  return %1 : tensor<1x33x6x5xf32, NHWC>
})",
                         [](const std::vector<Tensor> &in) {
                           return ref::conv(ref::binary("mul", in[0], in[1]), in[2]);
                         }));
  cases.push_back(kernel("relu + depthwise conv + swish", R"(
(%x: tensor<1x19x8x8xf32, NHWC>, %w: tensor<19x1x3x3xf32>) -> tensor<1x19x4x4xf32, NHWC> {
  %0 = quern.relu %x : (tensor<1x19x8x8xf32, NHWC>) -> tensor<1x19x8x8xf32, NHWC>
  %1 = quern.conv %0, %w strides [2, 2] dilations [1, 1] pad [0, 0] [1, 1] groups 19
       : (tensor<1x19x8x8xf32, NHWC>, tensor<19x1x3x3xf32>) -> tensor<1x19x4x4xf32, NHWC>
  %2 = quern.sigmoid %1 : (tensor<1x19x4x4xf32, NHWC>) -> tensor<1x19x4x4xf32, NHWC>
  %3 = quern.mul %1, %2 : (tensor<1x19x4x4xf32, NHWC>, tensor<1x19x4x4xf32, NHWC>) -> tensor<1x19x4x4xf32, NHWC>
  return %3 : tensor<1x19x4x4xf32, NHWC>
})",
                         [](const std::vector<Tensor> &in) {
                           Tensor y = ref::conv(ref::unary("relu", in[0]), in[1],
                                                {{2, 2}, {}, {0, 0}, {1, 1}}, 19);
                           return ref::binary("mul", y, ref::unary("sigmoid", y));
                         }));
  cases.push_back(kernel(
      "linear + bias + tanh", R"(
(%x: tensor<5x33xf32>, %w: tensor<20x33xf32>, %b: tensor<20xf32>) -> tensor<5x20xf32> {
  %0 = quern.contract %x [0, 2], %w [1, 2] -> [0, 1] : (tensor<5x33xf32>, tensor<20x33xf32>) -> tensor<5x20xf32>
  %1 = quern.add %0, %b : (tensor<5x20xf32>, tensor<20xf32>) -> tensor<5x20xf32>
  %2 = quern.tanh %1 : (tensor<5x20xf32>) -> tensor<5x20xf32>
  return %2 : tensor<5x20xf32>
})",
      [](const std::vector<Tensor> &in) {
        const std::vector<int64_t> x{0, 2}, w{1, 2}, y{0, 1};
        return ref::unary("tanh", ref::binary("add", ref::contract(in[0], in[1], x, w, y), in[2]));
      }));
  cases.push_back(kernel("mean, then reshaped: more than a map follows", R"(
(%x: tensor<2x20x5x5xf32, NHWC>) -> tensor<4x10xf32> {
  %0 = quern.reduce mean %x over [2, 3] : (tensor<2x20x5x5xf32, NHWC>) -> tensor<2x20xf32>
  %1 = quern.reshape %0 to [4, 10] : (tensor<2x20xf32>) -> tensor<4x10xf32>
  %2 = quern.neg %1 : (tensor<4x10xf32>) -> tensor<4x10xf32>
  return %2 : tensor<4x10xf32>
})",
                         [](const std::vector<Tensor> &in) {
                           return ref::unary(
                               "neg", ref::reshape(ref::reduce(in[0], "mean", {2, 3}), {4, 10}));
                         }));
  cases.push_back(kernel("variance: a map, then a reduction", R"(
(%x: tensor<6x70xf32>, %m: tensor<6x1xf32>) -> tensor<6x1xf32> {
  %0 = quern.sub %x, %m : (tensor<6x70xf32>, tensor<6x1xf32>) -> tensor<6x70xf32>
  %1 = quern.mul %0, %0 : (tensor<6x70xf32>, tensor<6x70xf32>) -> tensor<6x70xf32>
  %2 = quern.reduce mean %1 over [1] keep true : (tensor<6x70xf32>) -> tensor<6x1xf32>
  %eps = quern.constant dense<1.0e-5> : tensor<f32>
  %3 = quern.add %2, %eps : (tensor<6x1xf32>, tensor<f32>) -> tensor<6x1xf32>
  %4 = quern.rsqrt %3 : (tensor<6x1xf32>) -> tensor<6x1xf32>
  return %4 : tensor<6x1xf32>
})",
                         [](const std::vector<Tensor> &in) {
                           Tensor d = ref::binary("sub", in[0], in[1]);
                           Tensor v = ref::reduce(ref::binary("mul", d, d), "mean", {1}, true);
                           return ref::unary("rsqrt",
                                             ref::binary("add", v, ref::constant({}, 1e-5)));
                         }));
  cases.push_back(
      kernel("masked softmax with scale", R"(
(%x: tensor<3x8x8xf32>) -> tensor<3x8x8xf32> {
  %scale = quern.constant dense<0.125> : tensor<f32>
  %0 = quern.mul %x, %scale : (tensor<3x8x8xf32>, tensor<f32>) -> tensor<3x8x8xf32>
  %i = quern.iota [8, 8] along 0 of i32 : () -> tensor<8x8xi32>
  %j = quern.iota [8, 8] along 1 of i32 : () -> tensor<8x8xi32>
  %m = quern.cmp le %j, %i : (tensor<8x8xi32>, tensor<8x8xi32>) -> tensor<8x8xi1>
  %out = quern.constant dense<0xFF800000> : tensor<f32>
  %1 = quern.select %m, %0, %out : (tensor<8x8xi1>, tensor<3x8x8xf32>, tensor<f32>) -> tensor<3x8x8xf32>
  %2 = quern.softmax %1 over 2 : (tensor<3x8x8xf32>) -> tensor<3x8x8xf32>
  return %2 : tensor<3x8x8xf32>
})",
             [](const std::vector<Tensor> &in) {
               Tensor scaled = ref::binary("mul", in[0], ref::constant({}, 0.125));
               Tensor mask = ref::compare("le", ref::iota({8, 8}, 1), ref::iota({8, 8}, 0));
               return ref::softmax(ref::select(mask, scaled, ref::constant({}, -INFINITY)), 2);
             }));
  // Regrouped, the sums lose x beside what the mask adds and takes off again.
  cases.push_back(
      kernel("three masks of large numbers", R"(
(%x: tensor<1x1x6xf32>) -> tensor<1x6x6xf32> {
  %j = quern.iota [1, 6] along 1 of i32 : () -> tensor<1x6xi32>
  %i = quern.iota [6, 1] along 0 of i32 : () -> tensor<6x1xi32>
  %0 = quern.cmp le %j, %i : (tensor<1x6xi32>, tensor<6x1xi32>) -> tensor<6x6xi1>
  %1 = quern.cast %0 to f32 : (tensor<6x6xi1>) -> tensor<6x6xf32>
  %one = quern.constant dense<1.0> : tensor<f32>
  %2 = quern.sub %one, %1 : (tensor<f32>, tensor<6x6xf32>) -> tensor<6x6xf32>
  %low = quern.constant dense<-1.0e9> : tensor<f32>
  %3 = quern.mul %2, %low : (tensor<6x6xf32>, tensor<f32>) -> tensor<6x6xf32>
  %4 = quern.add %3, %x : (tensor<6x6xf32>, tensor<1x1x6xf32>) -> tensor<1x6x6xf32>
  %5 = quern.mul %3, %2 : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32>
  %6 = quern.add %5, %3 : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32>
  %7 = quern.add %4, %6 : (tensor<1x6x6xf32>, tensor<6x6xf32>) -> tensor<1x6x6xf32>
  %8 = quern.softmax %7 over 2 : (tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  return %8 : tensor<1x6x6xf32>
})",
             [](const std::vector<Tensor> &in) {
               Tensor admitted = ref::compare("le", ref::iota({1, 6}, 1), ref::iota({6, 1}, 0));
               return ref::softmax(ref::select(admitted, in[0], ref::constant({}, -INFINITY)), 2);
             }));
  cases.push_back(
      kernel("map between layouts", R"(
(%x: tensor<2x33x17x9xf32>, %y: tensor<33x1x1xf32>) -> tensor<2x33x17x9xf32, NHWC> {
  %0 = quern.add %x, %y : (tensor<2x33x17x9xf32>, tensor<33x1x1xf32>) -> tensor<2x33x17x9xf32, NHWC>
  return %0 : tensor<2x33x17x9xf32, NHWC>
})",
             [](const std::vector<Tensor> &in) { return ref::binary("add", in[0], in[1]); }));
  cases.push_back(kernel("pool + relu, from computed input", R"(
(%x: tensor<1x21x9x9xf32, NHWC>, %y: tensor<1x21x9x9xf32, NHWC>) -> tensor<1x21x5x5xf32, NHWC> {
  %0 = quern.add %x, %y : (tensor<1x21x9x9xf32, NHWC>, tensor<1x21x9x9xf32, NHWC>) -> tensor<1x21x9x9xf32, NHWC>
  %1 = quern.window_reduce max %0 window [3, 3] strides [2, 2] dilations [1, 1] pad [1, 1] [1, 1]
       : (tensor<1x21x9x9xf32, NHWC>) -> tensor<1x21x5x5xf32, NHWC>
  %2 = quern.relu %1 : (tensor<1x21x5x5xf32, NHWC>) -> tensor<1x21x5x5xf32, NHWC>
  return %2 : tensor<1x21x5x5xf32, NHWC>
})",
                         [](const std::vector<Tensor> &in) {
                           Tensor sum = ref::binary("add", in[0], in[1]);
                           return ref::unary(
                               "relu",
                               ref::windowReduce(sum, "max", {3, 3}, {{2, 2}, {}, {1, 1}, {1, 1}}));
                         }));
  cases.push_back(kernel("weights that are computed in the kernel", R"(
(%x: tensor<1x8x6x6xf32, NHWC>, %w: tensor<16x8x3x3xf32>, %s: tensor<16x1x1x1xf32>) -> tensor<1x16x4x4xf32, NHWC> {
  %0 = quern.mul %w, %s : (tensor<16x8x3x3xf32>, tensor<16x1x1x1xf32>) -> tensor<16x8x3x3xf32>
  %1 = quern.conv %x, %0 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1
       : (tensor<1x8x6x6xf32, NHWC>, tensor<16x8x3x3xf32>) -> tensor<1x16x4x4xf32, NHWC>
  return %1 : tensor<1x16x4x4xf32, NHWC>
})",
                         [](const std::vector<Tensor> &in) {
                           return ref::conv(in[0], ref::binary("mul", in[1], in[2]));
                         }));
  return cases;
}

} // namespace quern::tests
