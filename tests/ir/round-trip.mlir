// RUN: quern-opt %s > %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: quern-opt %t.mlir | diff %t.mlir -
// RUN: quern-opt --mlir-print-op-generic %s | quern-opt | diff %t.mlir -

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<2x3xf32>, %i: tensor<3xi32>) -> tensor<2x3xf32> {
  // CHECK: quern.sigmoid %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %0 = quern.sigmoid %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK: quern.pow %{{.*}}, %{{.*}} :
  %1 = quern.pow %0, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK: quern.cast %{{.*}} to f32
  %2 = quern.cast %i to f32 : (tensor<3xi32>) -> tensor<3xf32>
  // CHECK: quern.cmp lt %{{.*}}, %{{.*}}
  %3 = quern.cmp lt %1, %2 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xi1>
  // CHECK: quern.select
  %4 = quern.select %3, %1, %2 : (tensor<2x3xi1>, tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %4 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @layers
func.func @layers(%x: tensor<1x4x9x8xf32>) -> tensor<1x4xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  // CHECK: quern.conv {{.*}} strides [2, 1] dilations [1, 2] pad [1, 2] [0, 2] groups 2 by <direct> : {{.*}} -> tensor<1x4x4x8xf32, #quern.layout<[0, 2, 3, 1]>>
  %0 = quern.conv %x, %w strides [2, 1] dilations [1, 2] pad [1, 2] [0, 2] groups 2 by <direct> : (tensor<1x4x9x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x4x8xf32, #quern.layout<[0, 2, 3, 1]>>
  // CHECK: quern.conv {{.*}} groups 2 taps 5 : {{.*}} -> tensor<1x4x7x6xf32>
  %masked = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 2 taps 5 : (tensor<1x4x9x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x7x6xf32>
  // CHECK: quern.window_reduce mean {{.*}} window [2, 2] strides [2, 2] dilations [1, 1] pad [1, 0] [0, 0] count_padding true
  %1 = quern.window_reduce mean %0 window [2, 2] strides [2, 2] dilations [1, 1] pad [1, 0] [0, 0] count_padding true : (tensor<1x4x4x8xf32, #quern.layout<[0, 2, 3, 1]>>) -> tensor<1x4x2x4xf32>
  // CHECK: quern.resize cubic half_pixel %{{.*}} to [3, 3] antialias true
  %2 = quern.resize cubic half_pixel %1 to [3, 3] antialias true : (tensor<1x4x2x4xf32>) -> tensor<1x4x3x3xf32>
  // CHECK: quern.reduce mean %{{.*}} over [2, 3] keep true
  %3 = quern.reduce mean %2 over [2, 3] keep true : (tensor<1x4x3x3xf32>) -> tensor<1x4x1x1xf32>
  %4 = quern.reshape %3 to [1, 4] : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
  %m = quern.constant dense<1.0> : tensor<4x4xf32>
  // CHECK: quern.contract %{{.*}} [0, 1], %{{.*}} [2, 1] -> [0, 2]
  %5 = quern.contract %4 [0, 1], %m [2, 1] -> [0, 2] : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  // CHECK: quern.softmax %{{.*}} over 1
  %6 = quern.softmax %5 over 1 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %6 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @shapes
func.func @shapes(%x: tensor<2x3xf32>, %i: tensor<4xi32>) -> tensor<4x5xf32> {
  // CHECK: quern.transpose %{{.*}} by [1, 0]
  %0 = quern.transpose %x by [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  // CHECK: quern.broadcast %{{.*}} to [3, 2]
  %1 = quern.broadcast %0 to [3, 2] : (tensor<3x2xf32>) -> tensor<3x2xf32>
  // CHECK: quern.concat %{{.*}}, %{{.*}} along 1
  %2 = quern.concat %0, %1 along 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  // CHECK: quern.slice %{{.*}} from [1, 0] sizes [2, 2] strides [1, 2]
  %3 = quern.slice %2 from [1, 0] sizes [2, 2] strides [1, 2] : (tensor<3x4xf32>) -> tensor<2x2xf32>
  // CHECK: quern.pad %{{.*}} low [0, 1] high [0, 2] with 5.000000e-01
  %4 = quern.pad %3 low [0, 1] high [0, 2] with 0.5 : (tensor<2x2xf32>) -> tensor<2x5xf32>
  // CHECK: quern.gather %{{.*}} at %{{.*}} along 0
  %5 = quern.gather %4 at %i along 0 : (tensor<2x5xf32>, tensor<4xi32>) -> tensor<4x5xf32>
  // CHECK: quern.iota [4, 5] along 1 of f32
  %6 = quern.iota [4, 5] along 1 of f32 : () -> tensor<4x5xf32>
  %7 = quern.add %5, %6 : (tensor<4x5xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  return %7 : tensor<4x5xf32>
}

// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: attributes {quern.kernel}
func.func private @kernel(%x: tensor<16x8xf32, #quern.layout<[0, 1, 0], blocks = [16]>>) -> tensor<8xf32> attributes {quern.kernel} {
  %0 = quern.reduce sum %x over [0] : (tensor<16x8xf32, #quern.layout<[0, 1, 0], blocks = [16]>>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: func.func @model
// CHECK-SAME: quern.from = #quern.photo<resize = 4, crop = 2, mean = [0.000000e+00, 0.000000e+00, 0.000000e+00], std = [1.000000e+00, 1.000000e+00, 1.000000e+00]>
// CHECK-SAME: quern.as = #quern.labels<top = 1, names = ["a", "b"]>
func.func @model(%image: tensor<1x3x2x2xf32> {quern.name = "image", quern.from = #quern.photo<resize = 4, crop = 2, mean = [0.0, 0.0, 0.0], std = [1.0, 1.0, 1.0]>},
                 %w: tensor<16x8xf32, #quern.layout<[0, 1, 0], blocks = [16]>> {quern.weight = 0 : i64})
    -> (tensor<8xf32> {quern.as = #quern.labels<top = 1, names = ["a", "b"]>}) attributes {quern.model} {
  // CHECK: quern.launch @kernel(%{{.*}}) at [-1] :
  %0 = quern.launch @kernel(%w) at [-1] : (tensor<16x8xf32, #quern.layout<[0, 1, 0], blocks = [16]>>) -> tensor<8xf32>
  // CHECK: %[[F:.*]] = quern.fused(%[[A:.*]] = %{{.*}}) : (tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NEXT: quern.neg %[[A]]
  // CHECK-NEXT: quern.yield
  %1 = quern.fused(%a = %0) : (tensor<8xf32>) -> tensor<8xf32> {
    %2 = quern.neg %a : (tensor<8xf32>) -> tensor<8xf32>
    quern.yield %2 : tensor<8xf32>
  }
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: func.func @autoregressive
// CHECK-SAME: quern.as = #quern.distribution<kind = categorical, axis = 2, levels = 4, components = 1, range = [0.000000e+00, 3.000000e+00]>
// CHECK-SAME: quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false, order = [1, 0, 2]>
func.func @autoregressive(%x: tensor<1x3x4xf32>, %h: tensor<1x4xf32>) -> (tensor<1x3x4xf32> {quern.as = #quern.distribution<kind = categorical, axis = 2, levels = 4, components = 1, range = [0.0, 3.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false, order = [1, 0, 2]>} {
  // CHECK: quern.scan(%{{.*}}) along [1] carry(%{{.*}}) into [1] with(%{{.*}} : tensor<1x4xf32>) :
  %0 = quern.scan (%x) along [1] carry (%h) into [1] with (%h : tensor<1x4xf32>) : (tensor<1x3x4xf32>) (tensor<1x4xf32>) to tensor<1x3x4xf32> {
  ^bb0(%e: tensor<1x4xf32>, %c: tensor<1x4xf32>, %i: tensor<1x4xf32>):
    %1 = quern.add %e, %c : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
    quern.yield %1 : tensor<1x4xf32>
  }
  %2 = quern.reshape %0 to [1, 1, 3, 4] : (tensor<1x3x4xf32>) -> tensor<1x1x3x4xf32>
  // CHECK: quern.attention %[[Q:.*]], %[[Q]], %[[Q]] scale 5.000000e-01 :
  %3 = quern.attention %2, %2, %2 scale 5.0e-01 : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %4 = quern.reshape %3 to [1, 3, 4] : (tensor<1x1x3x4xf32>) -> tensor<1x3x4xf32>
  return %4 : tensor<1x3x4xf32>
}
