// RUN: quern-opt --split-input-file --cse --hoist-weights --verify-stage=stage=hoisted %s | FileCheck %s

// Equal expressions are one weight; a splat constant stays with the op that reads it.
// CHECK-LABEL: func.func private @prepare() -> (tensor<3xf32>, tensor<2x3xf32>)
// CHECK: %[[W:.*]] = quern.parameter "w"
// CHECK: %[[TABLE:.*]] = quern.constant dense<{{.*}}> : tensor<2x3xf32>
// CHECK: %[[TWICE:.*]] = quern.mul %[[W]], %[[W]]
// CHECK: return %[[TWICE]], %[[TABLE]]
// CHECK-LABEL: func.func @model(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32> {quern.weight = 0 : i64}, %arg2: tensor<2x3xf32> {quern.weight = 1 : i64})
// CHECK-NEXT: %[[ONE:.*]] = quern.constant dense<1.0
// CHECK-NEXT: quern.add %arg0, %arg1
// CHECK-NEXT: quern.mul %{{.*}}, %arg1
// CHECK-NEXT: quern.add %{{.*}}, %arg2
// CHECK-NEXT: quern.sub %[[ONE]], %
func.func @model(%x: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {quern.model} {
  %w = quern.parameter "w" : tensor<3xf32>
  %same = quern.parameter "w" : tensor<3xf32>
  %one = quern.constant dense<1.0> : tensor<f32>
  %table = quern.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %0 = quern.mul %w, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = quern.add %x, %0 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %2 = quern.mul %same, %same : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %3 = quern.mul %1, %2 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %4 = quern.add %3, %table : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = quern.sub %one, %4 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %5 : tensor<2x3xf32>
}

// -----

// A mask over indices is computed in kernels, a broadcast is not stored.
// CHECK-LABEL: func.func private @prepare() -> tensor<3xf32>
// CHECK-LABEL: func.func @model
// CHECK: quern.iota
// CHECK: quern.cmp
// CHECK: quern.broadcast %arg1
func.func @model(%x: tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<3x3xf32>) attributes {quern.model} {
  %w = quern.parameter "w" : tensor<3xf32>
  %i = quern.iota [3, 3] along 0 of i32 : () -> tensor<3x3xi32>
  %j = quern.iota [3, 3] along 1 of i32 : () -> tensor<3x3xi32>
  %mask = quern.cmp le %j, %i : (tensor<3x3xi32>, tensor<3x3xi32>) -> tensor<3x3xi1>
  %zero = quern.constant dense<0.0> : tensor<f32>
  %0 = quern.select %mask, %x, %zero : (tensor<3x3xi1>, tensor<3x3xf32>, tensor<f32>) -> tensor<3x3xf32>
  %wide = quern.broadcast %w to [3, 3] : (tensor<3xf32>) -> tensor<3x3xf32>
  return %0, %wide : tensor<3x3xf32>, tensor<3x3xf32>
}
