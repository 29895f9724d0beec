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

func.func @refused(%a: tensor<64x64xf32>, %b: tensor<7x32x32x1xf32>) {
  // expected-error @below {{K6: a transformed matrix needs one of Strassen's algorithms and its shape as [columns, depth, 1...]}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0, 1], %b [2, 1] -> [0, 2] by <winograd, tile = [1]> filter [64, 64, 1] : (tensor<64x64xf32>, tensor<7x32x32x1xf32>) -> tensor<64x64xf32>
  return
}

// -----

func.func @refused(%a: tensor<64x64xf32>, %b: tensor<7x32x31x1xf32>) {
  // expected-error @below {{K6: the right operand is}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.contract %a [0, 1], %b [2, 1] -> [0, 2] by <strassen, tile = [1]> filter [64, 64, 1] : (tensor<64x64xf32>, tensor<7x32x31x1xf32>) -> tensor<64x64xf32>
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
