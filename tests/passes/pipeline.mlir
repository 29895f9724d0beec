// RUN: quern-opt --quern --print-plan %s 2>%t.json | FileCheck %s
// RUN: FileCheck --check-prefix=PLAN %s < %t.json

// The whole road of a small network: convolution, batch norm, relu, residual, mean, linear.
// CHECK: func.func private @prepare()
// CHECK: func.func private @conv_3x3_4_8x8_add_relu_0(%arg0: tensor<1x3x8x8xf32>, %{{.*}}: tensor<4x3x3x3xf32>, %{{.*}}: tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32, #quern.layout<[0, 2, 3, 1]>> attributes {quern.kernel}
// CHECK: func.func private @conv_1x1_4_1x64_add_relu_0
// CHECK: func.func private @mean_1x4x8x8_0
// CHECK: func.func private @contract_1x10_add_0
// CHECK: func.func @net(%arg0: tensor<1x3x8x8xf32> {quern.name = "image"}, %arg1: tensor<4x3x3x3xf32> {quern.weight = 0 : i64}
// CHECK-SAME: quern.arena_bytes = 2048
// CHECK-NOT: quern.fused
// CHECK: return
// PLAN: "model": "net"
// PLAN: "arena_bytes": 2048
// PLAN: "kernel": "conv_3x3_4_8x8_add_relu_0"
// PLAN: "anchor": "conv"
// PLAN-NEXT: "algorithm": "direct"
// PLAN: "parameters": [
// PLAN-NEXT: "conv.weight"
// PLAN: "weights_bytes"
func.func @net(%x: tensor<1x3x8x8xf32> {quern.name = "image"}) -> (tensor<1x10xf32> {quern.name = "scores"}) attributes {quern.model} {
  %w = quern.parameter "conv.weight" : tensor<4x3x3x3xf32>
  %mean = quern.parameter "bn.running_mean" : tensor<4xf32>
  %var = quern.parameter "bn.running_var" : tensor<4xf32>
  %eps = quern.constant dense<1.0e-5> : tensor<f32>
  %m = quern.reshape %mean to [1, 4, 1, 1] : (tensor<4xf32>) -> tensor<1x4x1x1xf32>
  %v = quern.reshape %var to [1, 4, 1, 1] : (tensor<4xf32>) -> tensor<1x4x1x1xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  %1 = quern.sub %0, %m : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = quern.add %v, %eps : (tensor<1x4x1x1xf32>, tensor<f32>) -> tensor<1x4x1x1xf32>
  %3 = quern.rsqrt %2 : (tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %4 = quern.mul %1, %3 : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %5 = quern.relu %4 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %w2 = quern.parameter "conv2.weight" : tensor<4x4x1x1xf32>
  %6 = quern.conv %5, %w2 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %7 = quern.add %6, %5 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %8 = quern.relu %7 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %9 = quern.reduce mean %8 over [2, 3] : (tensor<1x4x8x8xf32>) -> tensor<1x4xf32>
  %fc = quern.parameter "fc.weight" : tensor<10x4xf32>
  %bias = quern.parameter "fc.bias" : tensor<10xf32>
  %10 = quern.contract %9 [0, 1], %fc [2, 1] -> [0, 2] : (tensor<1x4xf32>, tensor<10x4xf32>) -> tensor<1x10xf32>
  %11 = quern.add %10, %bias : (tensor<1x10xf32>, tensor<10xf32>) -> tensor<1x10xf32>
  return %11 : tensor<1x10xf32>
}
