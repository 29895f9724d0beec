// RUN: quern-opt --transform-filters %s | FileCheck %s

// Where one transform holds an axis, the filter's taps begin as far before the first sample as the padding reaches: the image
// itself then begins there. Where an axis is cut they do not.
// CHECK-LABEL: func.func @spectra
// CHECK: quern.filter_transform %{{.*}} for <fft, tile = [12, 24]> strides [1, 1] dilations [1, 1] lead [0, 4] :
func.func @spectra(%x: tensor<1x16x20x20xf32>) -> tensor<1x16x20x20xf32> {
  %w = quern.parameter "w" : tensor<16x16x9x9xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [4, 4] [4, 4] groups 1 by <fft, tile = [12, 24]> : (tensor<1x16x20x20xf32>, tensor<16x16x9x9xf32>) -> tensor<1x16x20x20xf32>
  return %0 : tensor<1x16x20x20xf32>
}

// Of a stride the filter's phases are transformed, which begin with the padding that all of them have: two of four samples here.
// CHECK-LABEL: func.func @phases
// CHECK: quern.filter_transform %{{.*}} for <fft, tile = [10, 12]> strides [2, 2] dilations [1, 1] lead [0, 2] : (tensor<16x16x9x9xf32>) -> tensor<{{[0-9]+}}x16x64x2xf32>
func.func @phases(%x: tensor<1x16x20x20xf32>) -> tensor<1x16x10x10xf32> {
  %w = quern.parameter "w" : tensor<16x16x9x9xf32>
  %0 = quern.conv %x, %w strides [2, 2] dilations [1, 1] pad [4, 4] [4, 4] groups 1 by <fft, tile = [10, 12]> : (tensor<1x16x20x20xf32>, tensor<16x16x9x9xf32>) -> tensor<1x16x10x10xf32>
  return %0 : tensor<1x16x10x10xf32>
}

// Without sums over channels the filter is transformed whole.
// CHECK-LABEL: func.func @depthwise
// CHECK: quern.filter_transform %{{.*}} for <fft, tile = [12, 24]> strides [2, 2] dilations [1, 1] groups 16 lead [0, 4] : (tensor<16x1x9x9xf32>) -> tensor<{{[0-9]+}}x16x1x2xf32>
func.func @depthwise(%x: tensor<1x16x20x20xf32>) -> tensor<1x16x10x10xf32> {
  %w = quern.parameter "w" : tensor<16x1x9x9xf32>
  %0 = quern.conv %x, %w strides [2, 2] dilations [1, 1] pad [4, 4] [4, 4] groups 16 by <fft, tile = [12, 24]> : (tensor<1x16x20x20xf32>, tensor<16x1x9x9xf32>) -> tensor<1x16x10x10xf32>
  return %0 : tensor<1x16x10x10xf32>
}
