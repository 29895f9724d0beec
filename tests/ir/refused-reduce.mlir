// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{R1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.reduce sum %x over [] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{R1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.reduce sum %x over [1, 0] : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{R1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.reduce sum %x over [2] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xi32>) {
  // expected-error @below {{R2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.reduce mean %x over [0] : (tensor<2x3xi32>) -> tensor<3xi32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{S1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.softmax %x over 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
