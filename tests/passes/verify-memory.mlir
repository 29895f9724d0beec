// RUN: quern-opt --split-input-file --verify-diagnostics --verify-stage=stage=planned %s

func.func private @prepare() attributes {quern.prepare} {
  return
}
func.func private @sum(%x: tensor<64xf32>) -> tensor<64xf32> attributes {quern.kernel} {
  %0 = quern.softmax %x over 0 : (tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
// expected-error @below {{launches 0 and 1 write to one place while both are needed}}
func.func @overlap(%x: tensor<64xf32>) -> tensor<64xf32> attributes {quern.model, quern.arena_bytes = 512 : i64} {
  %0 = quern.launch @sum(%x) at [0] : (tensor<64xf32>) -> tensor<64xf32>
  %1 = quern.launch @sum(%0) at [64] : (tensor<64xf32>) -> tensor<64xf32>
  %2 = quern.launch @sum(%1) at [-1] : (tensor<64xf32>) -> tensor<64xf32>
  return %2 : tensor<64xf32>
}

// -----

func.func private @prepare() attributes {quern.prepare} {
  return
}
func.func private @relu(%x: tensor<64xf32>) -> tensor<64xf32> attributes {quern.kernel} {
  %0 = quern.relu %x : (tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
func.func @outside(%x: tensor<64xf32>) -> tensor<64xf32> attributes {quern.model, quern.arena_bytes = 64 : i64} {
  // expected-error @below {{offset 0 is not aligned within the arena}}
  %0 = quern.launch @relu(%x) at [0] : (tensor<64xf32>) -> tensor<64xf32>
  %1 = quern.launch @relu(%0) at [-1] : (tensor<64xf32>) -> tensor<64xf32>
  return %1 : tensor<64xf32>
}
