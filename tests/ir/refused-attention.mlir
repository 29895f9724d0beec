// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%q: tensor<1x2x3x4xf32>, %k: tensor<1x1x3x4xf32>) {
  // expected-error @below {{A1: query, key and value need rank 4, one element type, equal batches and heads, not 1x2x3x4, 1x1x3x4 and 1x1x3x4}}
  // expected-error @below {{failed to infer}}
  %0 = quern.attention %q, %k, %k scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  return
}

// -----

func.func @refused(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x5xf32>) {
  // expected-error @below {{A2:}}
  // expected-error @below {{failed to infer}}
  %0 = quern.attention %q, %k, %k scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  return
}

// -----

func.func @refused(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x7x4xf32>, %mask: tensor<7x3xi1>) {
  // expected-error @below {{A3: the mask is 7x3, not 3x7}}
  // expected-error @below {{failed to infer}}
  %0 = quern.attention %q, %k, %k mask %mask scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x7x4xf32>, tensor<1x2x7x4xf32>, tensor<7x3xi1>) -> tensor<1x2x3x4xf32>
  return
}

// -----

func.func @refused(%q: tensor<1x2x3x4xf32>) {
  // expected-error @below {{A4:}}
  // expected-error @below {{failed to infer}}
  %0 = quern.attention %q, %q, %q scale 0x7FF0000000000000 : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return
}
