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
