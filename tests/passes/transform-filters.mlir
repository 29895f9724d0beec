// RUN: quern-opt --choose-conv=conv=winograd --transform-filters %s | FileCheck %s

// The filter of a convolution whose algorithm takes it transformed becomes an expression of its own, and the convolution says
// of which shape it was.
// CHECK-LABEL: func.func @transformed
// CHECK: %[[W:.*]] = quern.parameter "w"
// CHECK: %[[F:.*]] = quern.filter_transform %[[W]] for <winograd, tile = [{{[0-9]+, [0-9]+}}]>
// CHECK: quern.conv %{{.*}}, %[[F]] {{.*}} by <winograd, {{.*}}> filter [16, 16, 3, 3]
func.func @transformed(%x: tensor<1x16x20x20xf32>) -> tensor<1x16x18x18xf32> {
  %w = quern.parameter "w" : tensor<16x16x3x3xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x16x20x20xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x18x18xf32>
  return %0 : tensor<1x16x18x18xf32>
}

// What is computed directly keeps its filter.
// CHECK-LABEL: func.func @kept
// CHECK-NOT: filter_transform
// CHECK: quern.conv {{.*}} by <direct>
func.func @kept(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = quern.parameter "w" : tensor<2x2x1x1xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %0 : tensor<1x2x4x4xf32>
}

// Filters that are stored in 16 bits are kept in f32, wider ones in their type.
// CHECK-LABEL: func.func @half
// CHECK: quern.filter_transform {{.*}} -> tensor<{{[0-9]+}}x16x16xf32>
// CHECK: quern.conv {{.*}} by <winograd, {{.*}}> filter [16, 16, 3, 3] : (tensor<1x16x20x20xf16>, tensor<{{[0-9]+}}x16x16xf32>) -> tensor<1x16x18x18xf16>
func.func @half(%x: tensor<1x16x20x20xf16>) -> tensor<1x16x18x18xf16> {
  %w = quern.parameter "w" : tensor<16x16x3x3xf16>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x16x20x20xf16>, tensor<16x16x3x3xf16>) -> tensor<1x16x18x18xf16>
  return %0 : tensor<1x16x18x18xf16>
}

// CHECK-LABEL: func.func @double
// CHECK: quern.filter_transform {{.*}} -> tensor<{{[0-9]+}}x16x16xf64>
func.func @double(%x: tensor<1x16x20x20xf64>) -> tensor<1x16x18x18xf64> {
  %w = quern.parameter "w" : tensor<16x16x3x3xf64>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x16x20x20xf64>, tensor<16x16x3x3xf64>) -> tensor<1x16x18x18xf64>
  return %0 : tensor<1x16x18x18xf64>
}
