// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @below {{K1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0], %b [1, 2] -> [0, 2] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x2xf32>, %b: tensor<2x4xf32>) {
  // expected-error @below {{K2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0, 0], %b [0, 2] -> [0, 2] : (tensor<2x2xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @below {{K2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0, 1], %b [1, 2] -> [0, 0] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x3xf32>, %b: tensor<5x4xf32>) {
  // expected-error @below {{K3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0, 1], %b [1, 2] -> [0, 2] : (tensor<2x3xf32>, tensor<5x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @below {{K4:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0, 1], %b [1, 2] -> [0, 3] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x3xf32>, %b: tensor<3x4xf64>) {
  // expected-error @below {{K5:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0, 1], %b [1, 2] -> [0, 2] : (tensor<2x3xf32>, tensor<3x4xf64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x1x3xf32>, %w: tensor<6x4xf64>) {
  // expected-error @below {{D1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.segment_dot (%a), %w rank 2 : (tensor<2x1x3xf32>, tensor<6x4xf64>) -> tensor<1x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x1x3xf32>, %b: tensor<1x2x3xf32>, %w: tensor<9x4xf32>) {
  // expected-error @below {{D2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.segment_dot (%a, %b), %w rank 2 : (tensor<2x1x3xf32>, tensor<1x2x3xf32>, tensor<9x4xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x1x3xf32>, %w: tensor<5x4xf32>) {
  // expected-error @below {{D3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.segment_dot (%a), %w rank 2 : (tensor<2x1x3xf32>, tensor<5x4xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @refused(%a: tensor<2x1x3xf32>, %w: tensor<6x4xf32>) {
  // expected-error @below {{D4:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.segment_dot (%a), %w rank 1 : (tensor<2x1x3xf32>, tensor<6x4xf32>) -> tensor<1x4xf32>
  return
}
