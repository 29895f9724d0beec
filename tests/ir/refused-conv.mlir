// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3xf32>) {
  // expected-error @below {{C1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf64>) {
  // expected-error @below {{C1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf64>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [0, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [-1, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C4:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 3 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C5:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 2 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C6:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [3, 3] pad [0, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C3: window, stride, dilation and padding must be at most 2147483647}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [9223372036854775807, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C3: window, stride, dilation and padding must be at most 2147483647}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [9223372036854775807, 1] pad [1, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C3: window, stride, dilation and padding must be at most 2147483647}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [2147483648, 1] dilations [1, 1] pad [1, 0] [0, 0] groups 1 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @below {{C8: 10 taps of a kernel of 9}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 taps 10 : (tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

// A transformed filter is kept in f32 where the input is stored in 16 bits.
func.func @refused(%x: tensor<1x8x6x6xf16>, %w: tensor<16x8x8xf16>) {
  // expected-error @below {{C1: input is 'f16', weight 'f16', not 'f32'}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 by <winograd, tile = [2, 2]> filter [8, 8, 3, 3] : (tensor<1x8x6x6xf16>, tensor<16x8x8xf16>) -> tensor<1x8x4x4xf16>
  return
}
