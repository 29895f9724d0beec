// RUN: quern-opt --crop-filters %s | FileCheck %s

// A masked 3x3 kernel of type A: nothing below the pixel.
// CHECK-LABEL: func.func @masked
// CHECK: %[[W:.*]] = quern.mul
// CHECK: %[[C:.*]] = quern.slice %[[W]] {{.*}} -> tensor<4x2x2x3xf32>
// CHECK: quern.conv %{{.*}}, %[[C]] strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 {{.*}} -> tensor<1x4x8x8xf32>
func.func @masked(%x: tensor<1x2x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  %m = quern.constant dense<[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %0 = quern.mul %w, %m : (tensor<4x2x3x3xf32>, tensor<3x3xf32>) -> tensor<4x2x3x3xf32>
  %1 = quern.conv %x, %0 strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x2x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// Dilated and with a stride, from both ends: as far as there is padding, which the last axis has none of.
// CHECK-LABEL: func.func @both_ends
// CHECK: quern.slice {{.*}} -> tensor<4x2x1x3xf32>
// CHECK: quern.conv {{.*}} strides [2, 1] dilations [2, 1] pad [0, 0] [1, 0] groups 1 {{.*}} -> tensor<1x4x4x6xf32>
func.func @both_ends(%x: tensor<1x2x7x8xf32>) -> tensor<1x4x4x6xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  %m = quern.constant dense<[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %0 = quern.mul %w, %m : (tensor<4x2x3x3xf32>, tensor<3x3xf32>) -> tensor<4x2x3x3xf32>
  %1 = quern.conv %x, %0 strides [2, 1] dilations [2, 1] pad [2, 0] [3, 0] groups 1 : (tensor<1x2x7x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x4x6xf32>
  return %1 : tensor<1x4x4x6xf32>
}

// CHECK-LABEL: func.func @plain
// CHECK-NOT: quern.slice
func.func @plain(%x: tensor<1x2x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = quern.parameter "w" : tensor<4x2x3x3xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x2x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x8x8xf32>
  return %0 : tensor<1x4x8x8xf32>
}
