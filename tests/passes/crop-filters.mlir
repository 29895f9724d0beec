// RUN: quern-opt --crop-filters %s | FileCheck %s

// A masked 3x3 kernel of type A: nothing below the pixel, and one tap of its row.
// CHECK-LABEL: func.func @masked
// CHECK: %[[W:.*]] = quern.mul
// CHECK: %[[C:.*]] = quern.slice %[[W]] {{.*}} -> tensor<4x2x2x3xf32>
// CHECK: quern.conv %{{.*}}, %[[C]] strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 taps 4 {{.*}} -> tensor<1x4x8x8xf32>
func.func @masked(%x: tensor<1x2x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  %m = quern.constant dense<[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %0 = quern.mul %w, %m : (tensor<4x2x3x3xf32>, tensor<3x3xf32>) -> tensor<4x2x3x3xf32>
  %1 = quern.conv %x, %0 strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x2x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// Dilated and with a stride, from both ends: as far as there is padding, which the last axis has none of. There the
// first tap stays, and the last is not read.
// CHECK-LABEL: func.func @both_ends
// CHECK: quern.slice {{.*}} -> tensor<4x2x1x3xf32>
// CHECK: quern.conv {{.*}} strides [2, 1] dilations [2, 1] pad [0, 0] [1, 0] groups 1 taps 2 {{.*}} -> tensor<1x4x4x6xf32>
func.func @both_ends(%x: tensor<1x2x7x8xf32>) -> tensor<1x4x4x6xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  %m = quern.constant dense<[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %0 = quern.mul %w, %m : (tensor<4x2x3x3xf32>, tensor<3x3xf32>) -> tensor<4x2x3x3xf32>
  %1 = quern.conv %x, %0 strides [2, 1] dilations [2, 1] pad [2, 0] [3, 0] groups 1 : (tensor<1x2x7x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x4x6xf32>
  return %1 : tensor<1x4x4x6xf32>
}

// Not by so much as a row, since one channel reads what others do not.
// CHECK-LABEL: func.func @by_channel
// CHECK-NOT: quern.slice
// CHECK: quern.conv {{.*}} groups 1 taps 3 {{.*}} -> tensor<1x2x7x7xf32>
func.func @by_channel(%x: tensor<1x1x8x8xf32>) -> tensor<1x2x7x7xf32> {
  %w = quern.parameter "w" : tensor<2x1x2x2xf32>
  %m = quern.constant dense<[[[[1.0, 0.0], [0.0, 0.0]]], [[[1.0, 0.0], [1.0, 0.0]]]]> : tensor<2x1x2x2xf32>
  %0 = quern.mul %w, %m : (tensor<2x1x2x2xf32>, tensor<2x1x2x2xf32>) -> tensor<2x1x2x2xf32>
  %1 = quern.conv %x, %0 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x1x8x8xf32>, tensor<2x1x2x2xf32>) -> tensor<1x2x7x7xf32>
  return %1 : tensor<1x2x7x7xf32>
}

// CHECK-LABEL: func.func @plain
// CHECK-NOT: quern.slice
// CHECK-NOT: taps
func.func @plain(%x: tensor<1x2x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x2x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x8x8xf32>
  return %0 : tensor<1x4x8x8xf32>
}

// A kernel larger than the image: what lies in the padding for every output is not there.
// CHECK-LABEL: func.func @beyond
// CHECK: quern.slice {{.*}} -> tensor<4x2x1x5xf32>
// CHECK: quern.conv {{.*}} pad [0, 2] [0, 2] groups 1 : {{.*}} -> tensor<1x4x1x3xf32>
func.func @beyond(%x: tensor<1x2x1x3xf32>) -> tensor<1x4x1x3xf32> {
  %w = quern.parameter "w" : tensor<4x2x9x9xf32>
  %1 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [4, 4] [4, 4] groups 1 : (tensor<1x2x1x3xf32>, tensor<4x2x9x9xf32>) -> tensor<1x4x1x3xf32>
  return %1 : tensor<1x4x1x3xf32>
}

// Zero for positive parameters is not zero for all.
// CHECK-LABEL: func.func @limited
// CHECK-NOT: quern.slice
// CHECK-NOT: taps
func.func @limited(%x: tensor<1x2x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  %zero = quern.constant dense<0.0> : tensor<f32>
  %0 = quern.min %w, %zero : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x3x3xf32>
  %1 = quern.conv %x, %0 strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x2x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}
