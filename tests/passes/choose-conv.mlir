// RUN: quern-opt --choose-conv %s | FileCheck %s

// CHECK: quern.conv {{.*}} by <direct>
func.func @conv(%x: tensor<1x2x4x4xf32>, %w: tensor<2x2x3x3xf32>) -> tensor<1x2x2x2xf32> {
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x2x4x4xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}
