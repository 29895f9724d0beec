// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{Z1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.resize linear half_pixel %x to [3] : (tensor<1x4x6x6xf32>) -> tensor<1x4x3x6xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{Z2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.resize linear half_pixel %x to [0, 3] : (tensor<1x4x6x6xf32>) -> tensor<1x4x1x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{Z3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.resize nearest half_pixel %x to [3, 3] antialias true : (tensor<1x4x6x6xf32>) -> tensor<1x4x3x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<1x4x6x6xf32>) {
  // expected-error @below {{Z3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.resize cubic asymmetric %x to [3, 3] antialias true : (tensor<1x4x6x6xf32>) -> tensor<1x4x3x3xf32>
  return
}
