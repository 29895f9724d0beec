// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<4x4xf32>) {
  // expected-error @below {{W1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [2, 2] strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{W1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [2] strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{W2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [2, 2] strides [0, 1] dilations [1, 1] pad [0, 0] [0, 0] : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{W3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [7, 1] strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{W4:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [2, 2] strides [1, 1] dilations [1, 1] pad [2, 0] [0, 0] : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xi32>) {
  // expected-error @below {{W5:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce mean %x window [2, 2] strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] : (tensor<1x4x6x6xi32>) -> tensor<1x4x6x6xi32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{W2: window, stride, dilation and padding must be at most 2147483647}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [2, 2] strides [9223372036854775807, 1] dilations [1, 1] pad [1, 0] [0, 0] : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{W2: window, stride, dilation and padding must be at most 2147483647}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [9223372036854775807, 2] strides [1, 1] dilations [9223372036854775807, 1] pad [1, 0] [0, 0] : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{W2: window, stride, dilation and padding must be at most 2147483647}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.window_reduce max %x window [2, 2] strides [1, 1] dilations [1, 1] pad [9223372036854775807, 0] [0, 0] : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return
}
