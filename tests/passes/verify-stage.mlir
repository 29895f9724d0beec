// RUN: quern-opt --split-input-file --verify-diagnostics --verify-stage=stage=outlined %s

func.func @not_a_kernel(%x: tensor<4xf32>) -> tensor<4xf32> attributes {quern.model} {
  // expected-error @below {{may not stand in the model at stage 'outlined'}}
  %0 = quern.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func private @prepare() attributes {quern.prepare} {
  return
}
// expected-error @below {{returns an argument without a copy}}
func.func @returns_input(%x: tensor<4xf32>) -> tensor<4xf32> attributes {quern.model} {
  return %x : tensor<4xf32>
}

// -----

func.func private @prepare() -> tensor<4xf32> attributes {quern.prepare} {
  %0 = quern.parameter "w" : tensor<4xf32>
  return %0 : tensor<4xf32>
}
// expected-error @below {{argument 0 is not result 0 of prepare}}
func.func @wrong_weight(%x: tensor<5xf32> {quern.weight = 0 : i64}) -> tensor<5xf32> attributes {quern.model} {
  return %x : tensor<5xf32>
}

// -----

func.func private @prepare() attributes {quern.prepare} {
  return
}
func.func private @kernel(%x: tensor<4x4xf32>) -> tensor<f32> attributes {quern.kernel} {
  // expected-note @below {{the first is here}}
  %0 = quern.reduce sum %x over [1] : (tensor<4x4xf32>) -> tensor<4xf32>
  // expected-error @below {{is the second anchor of its kernel}}
  %1 = quern.reduce sum %0 over [0] : (tensor<4xf32>) -> tensor<f32>
  return %1 : tensor<f32>
}
func.func @two_anchors(%x: tensor<4x4xf32>) -> tensor<f32> attributes {quern.model} {
  %0 = quern.launch @kernel(%x) : (tensor<4x4xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}
