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

// A contraction with a matrix of weights on either side is computed by blocks where it is large enough, with a batch of rows
// or none; direct ones stay as they are.
// CHECK-LABEL: func.func @products
// CHECK-NOT: by
// BLOCKS-LABEL: func.func @products
// BLOCKS: quern.contract {{.*}} -> [0, 1, 3] by <strassen, tile = [{{[12]}}]>
// BLOCKS: quern.contract {{.*}} -> [1, 0] by <strassen, tile = [{{[12]}}]>
// VARIANT-LABEL: func.func @products
// VARIANT: %[[R:.*]] = quern.parameter "r"
// VARIANT: %[[T:.*]] = quern.transpose %[[R]] by [1, 0]
// VARIANT: %[[M:.*]] = quern.reshape %[[T]] {{.*}} -> tensor<768x512x1xf32>
// VARIANT: %[[F:.*]] = quern.filter_transform %[[M]] for <strassen_winograd, tile = [{{[12]}}]>
// VARIANT: quern.contract %{{.*}} [0, 1, 2], %[[F]] [3, 2] -> [0, 1, 3] by <strassen_winograd, tile = [{{[12]}}]> filter [768, 512, 1]
func.func @products(%x: tensor<4x256x512xf32>, %y: tensor<512x1024xf32>) -> (tensor<4x256x768xf32>, tensor<1024x768xf32>) {
  %r = quern.parameter "r" : tensor<512x768xf32>
  %0 = quern.contract %x [0, 1, 2], %r [2, 3] -> [0, 1, 3] : (tensor<4x256x512xf32>, tensor<512x768xf32>) -> tensor<4x256x768xf32>
  %l = quern.parameter "l" : tensor<768x512xf32>
  %1 = quern.contract %l [0, 2], %y [2, 1] -> [1, 0] : (tensor<768x512xf32>, tensor<512x1024xf32>) -> tensor<1024x768xf32>
  return %0, %1 : tensor<4x256x768xf32>, tensor<1024x768xf32>
}

// Two arguments, one row, and the sum over an axis that only one operand has, are no such products.
// BLOCKS-LABEL: func.func @others
// BLOCKS-NOT: by
func.func @others(%x: tensor<256x512xf32>, %y: tensor<512x512xf32>, %z: tensor<512xf32>) -> (tensor<256x512xf32>, tensor<512xf32>, tensor<256x512xf32>) {
  %w = quern.parameter "w" : tensor<512x512xf32>
  %0 = quern.contract %x [0, 1], %y [1, 2] -> [0, 2] : (tensor<256x512xf32>, tensor<512x512xf32>) -> tensor<256x512xf32>
  %1 = quern.contract %z [1], %w [1, 2] -> [2] : (tensor<512xf32>, tensor<512x512xf32>) -> tensor<512xf32>
  %2 = quern.contract %x [0, 1], %w [3, 2] -> [0, 2] : (tensor<256x512xf32>, tensor<512x512xf32>) -> tensor<256x512xf32>
  return %0, %1, %2 : tensor<256x512xf32>, tensor<512xf32>, tensor<256x512xf32>
}

// Numbers of every type are multiplied so; integers are not.
// BLOCKS-LABEL: func.func @types
// BLOCKS: quern.contract {{.*}} by <strassen, tile = [{{[12]}}]> {{.*}}xbf16
// BLOCKS: quern.contract {{.*}} by <strassen, tile = [{{[12]}}]> {{.*}}xf64
// BLOCKS-NOT: by
// BLOCKS: return
// VARIANT-LABEL: func.func @types
// VARIANT: quern.contract {{.*}} by <strassen_winograd, {{.*}}> filter [512, 512, 1] : (tensor<1024x512xbf16>, tensor<{{[0-9x]+}}xf32>) -> tensor<1024x512xbf16>
func.func @types(%x: tensor<1024x512xbf16>, %y: tensor<1024x512xf64>, %z: tensor<1024x512xi32>) -> (tensor<1024x512xbf16>, tensor<1024x512xf64>, tensor<1024x512xi32>) {
  %a = quern.parameter "a" : tensor<512x512xbf16>
  %0 = quern.contract %x [0, 1], %a [1, 2] -> [0, 2] : (tensor<1024x512xbf16>, tensor<512x512xbf16>) -> tensor<1024x512xbf16>
  %b = quern.parameter "b" : tensor<512x512xf64>
  %1 = quern.contract %y [0, 1], %b [1, 2] -> [0, 2] : (tensor<1024x512xf64>, tensor<512x512xf64>) -> tensor<1024x512xf64>
  %c = quern.parameter "c" : tensor<512x512xi32>
  %2 = quern.contract %z [0, 1], %c [1, 2] -> [0, 2] : (tensor<1024x512xi32>, tensor<512x512xi32>) -> tensor<1024x512xi32>
  return %0, %1, %2 : tensor<1024x512xbf16>, tensor<1024x512xf64>, tensor<1024x512xi32>
}
