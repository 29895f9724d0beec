// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W2: the algorithm transforms no filter}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <direct> strides [1, 1] dilations [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<8x8x3x3xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W2: a tile of 1 entries for 2 spatial axes}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <winograd, tile = [2]> strides [1, 1] dilations [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<16x8x8xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W3:}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <winograd, tile = [2, 2]> strides [1] dilations [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<16x8x8xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W4: no algorithm of 700 outputs for 3 taps}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <winograd, tile = [2, 700]> strides [1, 1] dilations [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<16x8x8xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W4: no transform of 2 samples for 3 taps}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <fft, tile = [4, 2]> strides [1, 1] dilations [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<16x8x8x2xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W2: a tile of 2 entries for 2 spatial axes}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <strassen, tile = [1, 1]> strides [1, 1] dilations [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<7x16x4x9xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W5: 1 groups and 4 levels for a product of one group and up to 3 levels}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <strassen_winograd, tile = [4]> strides [1, 1] dilations [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<7x16x4x9xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W5: 2 groups}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <strassen, tile = [1]> strides [1, 1] dilations [1, 1] groups 2 : (tensor<8x8x3x3xf32>) -> tensor<7x16x4x9xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x1x3x5xf32>) {
  // expected-error @below {{W6: the first pass is along a line of the kernel's extent along one of two axes or the outermost of three, and groups divide the outputs}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <separable, tile = [1, 3]> strides [1, 1] dilations [1, 1] groups 8 : (tensor<8x1x3x5xf32>) -> tensor<16x1x5xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x1x3x5xf32>) {
  // expected-error @below {{W6: the first pass is along a line of the kernel's extent along one of two axes or the outermost of three, and groups divide the outputs}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <separable, tile = [1, 5]> strides [1, 1] dilations [1, 1] groups 3 : (tensor<8x1x3x5xf32>) -> tensor<16x1x5xf32>
  return
}

// -----

func.func @accepted(%w: tensor<8x1x3x5xf32>, %v: tensor<20x7x3x3xf32>, %u: tensor<4x2x3x5x5xf32>) -> (tensor<16x1x5xf32>, tensor<49x16x2x9xf32>, tensor<256xf32>, tensor<5x2x25xf32>) {
  %0 = quern.filter_transform %w for <separable, tile = [1, 5]> strides [1, 1] dilations [1, 1] groups 8 : (tensor<8x1x3x5xf32>) -> tensor<16x1x5xf32>
  %1 = quern.filter_transform %v for <strassen, tile = [2]> strides [1, 1] dilations [1, 1] : (tensor<20x7x3x3xf32>) -> tensor<49x16x2x9xf32>
  // One block of 16 outputs, times 2 lines, times 3 taps of the one factor and 5 of the other.
  %2 = quern.filter_transform %w for <separable, tile = [1, 5, 2]> strides [1, 1] dilations [1, 1] groups 8 : (tensor<8x1x3x5xf32>) -> tensor<256xf32>
  %3 = quern.filter_transform %u for <separable, tile = [3, 1, 1]> strides [1, 1, 1] dilations [1, 1, 1] : (tensor<4x2x3x5x5xf32>) -> tensor<5x2x25xf32>
  return %0, %1, %2, %3 : tensor<16x1x5xf32>, tensor<49x16x2x9xf32>, tensor<256xf32>, tensor<5x2x25xf32>
}

// -----

func.func @refused(%w: tensor<4x2x3x5x5xf32>) {
  // expected-error @below {{W6: the first pass is along a line of the kernel's extent along one of two axes or the outermost of three, and groups divide the outputs}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <separable, tile = [1, 5, 1]> strides [1, 1, 1] dilations [1, 1, 1] : (tensor<4x2x3x5x5xf32>) -> tensor<5x2x25xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W7: a lead of [8, 0], not of samples of a transform}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <fft, tile = [8, 8]> strides [1, 1] dilations [1, 1] lead [8, 0] : (tensor<8x8x3x3xf32>) -> tensor<40x8x8x2xf32>
  return
}

// -----

func.func @refused(%w: tensor<8x8x3x3xf32>) {
  // expected-error @below {{W7: a lead of [1, 1], not of samples of a transform}}
  // expected-error @below {{failed to infer}}
  %0 = quern.filter_transform %w for <winograd, tile = [2, 2]> strides [1, 1] dilations [1, 1] lead [1, 1] : (tensor<8x8x3x3xf32>) -> tensor<16x8x8xf32>
  return
}
