// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<2xf32>) {
  // expected-error @below {{F1:}}
  "quern.fused"(%x) ({
  ^bb0(%a: tensor<3xf32>):
    "quern.yield"() : () -> ()
  }) : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @refused(%x: tensor<2xf32>) {
  // expected-error @below {{F2:}}
  %0 = quern.fused(%a = %x) : (tensor<2xf32>) -> tensor<3xf32> {
    quern.yield %a : tensor<2xf32>
  }
  return
}

// -----

func.func @refused(%x: tensor<2xf32>) {
  // expected-error @below {{L1:}}
  %0 = quern.launch @missing(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @plain(tensor<2xf32>) -> tensor<2xf32>
func.func @refused(%x: tensor<2xf32>) {
  // expected-error @below {{L1:}}
  %0 = quern.launch @plain(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @kernel(%x: tensor<2xf32>) -> tensor<2xf32> attributes {quern.kernel} {
  return %x : tensor<2xf32>
}
func.func @refused(%x: tensor<3xf32>) {
  // expected-error @below {{L2:}}
  %0 = quern.launch @kernel(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func private @kernel(%x: tensor<2xf32>) -> tensor<2xf32> attributes {quern.kernel} {
  return %x : tensor<2xf32>
}
func.func @refused(%x: tensor<2xf32>) {
  // expected-error @below {{L3:}}
  %0 = quern.launch @kernel(%x) at [0, 64] : (tensor<2xf32>) -> tensor<2xf32>
  return
}
