// RUN: quern-opt --split-input-file --fuse %s | FileCheck %s

// Bias, residual and activation join a convolution: of two that are added up the later.
// CHECK-LABEL: func.func @epilogue
// CHECK: %[[SHORT:.*]] = quern.fused
// CHECK: %[[C:.*]] = quern.conv
// CHECK-NEXT: %[[B:.*]] = quern.add %[[C]]
// CHECK-NEXT: quern.yield %[[B]]
// CHECK: %[[MAIN:.*]] = quern.fused({{.*}}%[[OTHER:[a-z0-9]*]] = %[[SHORT]])
// CHECK: %[[D:.*]] = quern.conv
// CHECK-NEXT: %[[R:.*]] = quern.add %[[D]], %[[OTHER]]
// CHECK-NEXT: %[[S:.*]] = quern.sigmoid %[[R]]
// CHECK-NEXT: %[[P:.*]] = quern.mul %[[R]], %[[S]]
// CHECK-NEXT: quern.yield %[[P]]
// CHECK: return %[[MAIN]]
func.func @epilogue(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %b: tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32> attributes {quern.model} {
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = quern.add %0, %b : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = quern.conv %x, %w strides [1, 1] dilations [2, 2] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %3 = quern.add %2, %1 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %4 = quern.sigmoid %3 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %5 = quern.mul %3, %4 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return %5 : tensor<1x4x8x8xf32>
}

// -----

// A sum of three is taken in term by term: no kernel has to wait for all of them.
// CHECK-LABEL: func.func @skips
// CHECK-COUNT-3: quern.conv
// CHECK-NEXT: quern.add
// CHECK-NEXT: quern.yield
// CHECK-NOT: quern.add
func.func @skips(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32> attributes {quern.model} {
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = quern.conv %x, %w strides [1, 1] dilations [2, 2] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = quern.add %0, %1 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %3 = quern.conv %x, %w strides [1, 1] dilations [3, 3] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %4 = quern.add %2, %3 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return %4 : tensor<1x4x8x8xf32>
}

// -----

// Elementwise producers join a reduction, with their splat constants; two anchors never share a kernel.
// CHECK-LABEL: func.func @prologue
// CHECK: quern.fused
// CHECK-NEXT: quern.constant
// CHECK-NEXT: quern.add
// CHECK-NEXT: quern.mul
// CHECK-NEXT: quern.reduce
// CHECK-NEXT: quern.yield
// CHECK: quern.fused
// CHECK-NEXT: quern.softmax
// CHECK-NEXT: quern.yield
func.func @prologue(%x: tensor<4x5x6xf32>) -> tensor<4x5xf32> attributes {quern.model} {
  %c = quern.constant dense<2.0> : tensor<f32>
  %0 = quern.add %x, %c : (tensor<4x5x6xf32>, tensor<f32>) -> tensor<4x5x6xf32>
  %1 = quern.mul %0, %0 : (tensor<4x5x6xf32>, tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  %2 = quern.reduce sum %1 over [2] : (tensor<4x5x6xf32>) -> tensor<4x5xf32>
  %3 = quern.softmax %2 over 1 : (tensor<4x5xf32>) -> tensor<4x5xf32>
  return %3 : tensor<4x5xf32>
}

// -----

// A value that two kernels read is stored once; chains of elementwise ops and index maps are one kernel.
// CHECK-LABEL: func.func @chains
// CHECK: %[[E:.*]] = quern.fused
// CHECK-NEXT: quern.exp
// CHECK-NEXT: quern.yield
// CHECK: quern.fused(%{{.*}} = %[[E]])
// CHECK-NEXT: quern.transpose
// CHECK-NEXT: quern.neg
// CHECK-NEXT: quern.slice
// CHECK-NEXT: quern.yield
// CHECK: quern.fused(%{{.*}} = %[[E]])
// CHECK-NEXT: quern.relu
func.func @chains(%x: tensor<4x6xf32>) -> (tensor<3x4xf32>, tensor<4x6xf32>) attributes {quern.model} {
  %0 = quern.exp %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = quern.transpose %0 by [1, 0] : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %2 = quern.neg %1 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  %3 = quern.slice %2 from [0, 0] sizes [3, 4] strides [2, 1] : (tensor<6x4xf32>) -> tensor<3x4xf32>
  %4 = quern.relu %0 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %3, %4 : tensor<3x4xf32>, tensor<4x6xf32>
}

// -----

// Free reshapes stay between kernels. What has no memory of its own is copied before it is returned.
// CHECK-LABEL: func.func @returned
// CHECK: %[[R:.*]] = quern.fused
// CHECK: %[[F:.*]] = quern.reshape %[[R]] to [24]
// CHECK: %[[INPUT:.*]] = quern.fused(%{{.*}} = %arg0)
// CHECK-NEXT: quern.reshape
// CHECK: %[[AGAIN:.*]] = quern.fused(%{{.*}} = %[[F]])
// CHECK-NEXT: quern.reshape
// CHECK: return %[[F]], %[[INPUT]], %[[AGAIN]]
func.func @returned(%x: tensor<4x6xf32>) -> (tensor<24xf32>, tensor<4x6xf32>, tensor<24xf32>) attributes {quern.model} {
  %0 = quern.relu %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = quern.reshape %0 to [24] : (tensor<4x6xf32>) -> tensor<24xf32>
  return %1, %x, %1 : tensor<24xf32>, tensor<4x6xf32>, tensor<24xf32>
}

// -----

// A slice whose elements lie together is a place in memory: both kernels read the one value, and are one.
// CHECK-LABEL: func.func @parts
func.func @parts(%x: tensor<2x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) attributes {quern.model} {
  // CHECK: %[[E:.*]] = quern.fused
  // CHECK: %[[A:.*]] = quern.slice %[[E]] from [0, 0]
  // CHECK: %[[B:.*]] = quern.slice %[[E]] from [1, 0]
  // CHECK: quern.fused(%{{.*}} = %[[A]])
  // CHECK-NOT: quern.slice
  // CHECK: quern.fused(%{{.*}} = %[[B]])
  // CHECK-NOT: quern.slice
  %e = quern.exp %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %a = quern.slice %e from [0, 0] sizes [1, 4] strides [1, 1] : (tensor<2x4xf32>) -> tensor<1x4xf32>
  %b = quern.slice %e from [1, 0] sizes [1, 4] strides [1, 1] : (tensor<2x4xf32>) -> tensor<1x4xf32>
  %0 = quern.tanh %a : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = quern.tanh %b : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0, %1 : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// Columns lie apart: each slice is in its kernel.
// CHECK-LABEL: func.func @columns
func.func @columns(%x: tensor<2x4xf32>) -> tensor<2x2xf32> attributes {quern.model} {
  // CHECK: quern.fused
  // CHECK-NEXT: quern.slice
  // CHECK-NEXT: quern.tanh
  %a = quern.slice %x from [0, 2] sizes [2, 2] strides [1, 1] : (tensor<2x4xf32>) -> tensor<2x2xf32>
  %0 = quern.tanh %a : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}
