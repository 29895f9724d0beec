// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.reshape %x to [5] : (tensor<2x3xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.transpose %x by [0, 0] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.transpose %x by [0] : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H3:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.broadcast %x to [2, 4] : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H4:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.slice %x from [0] sizes [2, 3] strides [1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H5:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.slice %x from [0, 0] sizes [2, 3] strides [1, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H6:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.slice %x from [0, 1] sizes [2, 3] strides [1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused() {
  // expected-error @below {{H7:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.concat along 0 : () -> tensor<2xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error @below {{H8:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.concat %x, %y along 0 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H9:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.concat %x along 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H10:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.pad %x low [0] high [0, 0] with 0.0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H11:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.pad %x low [0, -1] high [0, 0] with 0.0 : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{H12:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.gather %x at %i along 2 : (tensor<2x3xf32>, tensor<4xi32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>, %i: tensor<4xf32>) {
  // The op's own type constraint: H13.
  // expected-error @below {{operand #1 must be}}
  %0 = quern.gather %x at %i along 0 : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @refused() {
  // expected-error @below {{H14:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.iota [2] along 1 of f32 : () -> tensor<2xf32>
  return
}

// -----

func.func @refused() {
  // expected-error @below {{H15:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.iota [0] along 0 of f32 : () -> tensor<1xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H1: 4294967296x4294967296x6 has more elements than can be counted}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.reshape %x to [4294967296, 4294967296, 6] : (tensor<2x3xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H6:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.slice %x from [0, 0] sizes [2, 3] strides [1, 9223372036854775807] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H6:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.slice %x from [0, 9223372036854775807] sizes [2, 3] strides [1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @refused(%x: tensor<2x3xf32>) {
  // expected-error @below {{H11: padding must be at most 2147483647}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.pad %x low [0, 9223372036854775807] high [0, 0] with 0.0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
