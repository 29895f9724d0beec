// RUN: quern-opt --choose-conv %s | FileCheck %s
// RUN: quern-opt --choose-conv=conv=strassen %s | FileCheck %s --check-prefix=BLOCKS
// RUN: quern-opt --choose-conv=conv=strassen_winograd --transform-filters %s | FileCheck %s --check-prefix=VARIANT
// RUN: quern-opt --choose-conv=conv=separable %s | FileCheck %s

// Direct unless something else is asked for and applies: the weights are not known here, as separable wants them, and this
// product is too small to be cut into blocks.
// CHECK-LABEL: func.func @conv
// CHECK: quern.conv {{.*}} by <direct>
// BLOCKS-LABEL: func.func @conv
// BLOCKS: quern.conv {{.*}} by <direct>
func.func @conv(%x: tensor<1x2x4x4xf32>, %w: tensor<2x2x3x3xf32>) -> tensor<1x2x2x2xf32> {
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x2x4x4xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// CHECK-LABEL: func.func @pointwise
// CHECK: quern.conv {{.*}} by <direct>
// BLOCKS-LABEL: func.func @pointwise
// BLOCKS: quern.conv {{.*}} by <strassen, tile = [{{[12]}}]>
// VARIANT-LABEL: func.func @pointwise
// VARIANT: %[[F:.*]] = quern.filter_transform %{{.*}} for <strassen_winograd, tile = [{{[12]}}]>
// VARIANT: quern.conv {{.*}}, %[[F]] {{.*}} by <strassen_winograd, tile = [{{[12]}}]> filter [512, 512, 1, 1]
func.func @pointwise(%x: tensor<1x512x32x32xf32>) -> tensor<1x512x32x32xf32> {
  %w = quern.parameter "w" : tensor<512x512x1x1xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x512x32x32xf32>, tensor<512x512x1x1xf32>) -> tensor<1x512x32x32xf32>
  return %0 : tensor<1x512x32x32xf32>
}
