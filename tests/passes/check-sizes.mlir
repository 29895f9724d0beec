// No kernel is asked to index more elements than 32-bit integers can tell apart, be it in a value that is stored or in one that
// a kernel computes on the way.
// RUN: quern-opt --check-sizes --split-input-file --verify-diagnostics %s

// 2^31 - 1 less what padding may take
func.func @fits(%x: tensor<2000000000xf32>) -> tensor<2000000000xf32> attributes {quern.model} {
  return %x : tensor<2000000000xf32>
}

// -----

// expected-error@+1 {{this is a tensor of shape [1431655766, 3], 4294967298 elements; kernels index at most 2000000000}}
func.func @argument(%x: tensor<1431655766x3xf32>) -> tensor<1431655766x3xf32> attributes {quern.model} {
  return %x : tensor<1431655766x3xf32>
}

// -----

// The layout pads the channels.
// expected-error@+1 {{this is a tensor of shape [1000000000, 1], 8000000000 elements}}
func.func @padded(%x: tensor<1000000000x1xf32, #quern.layout<[0, 1, 1], blocks = [8]>>) attributes {quern.model} {
  return
}

// -----

func.func private @kernel(%x: tensor<65536xf32>) -> tensor<65536xf32> attributes {quern.kernel} {
  // expected-error@+1 {{this is a tensor of shape [65536, 65536], 4294967296 elements}}
  %square = quern.broadcast %x to [65536, 65536] : (tensor<65536xf32>) -> tensor<65536x65536xf32>
  %sum = quern.reduce sum %square over [0] : (tensor<65536x65536xf32>) -> tensor<65536xf32>
  return %sum : tensor<65536xf32>
}
func.func @within(%x: tensor<65536xf32>) -> tensor<65536xf32> attributes {quern.model} {
  %y = quern.launch @kernel(%x) : (tensor<65536xf32>) -> tensor<65536xf32>
  return %y : tensor<65536xf32>
}

// -----

// What lies in memory has at most eight dimensions, as the runtime's tables do.
func.func @eight(%x: tensor<1x1x1x1x1x1x1x2xf32>) -> tensor<1x1x1x1x1x1x1x2xf32> attributes {quern.model} {
  return %x : tensor<1x1x1x1x1x1x1x2xf32>
}

// -----

// expected-error@+1 {{this is a tensor of shape [1, 1, 1, 1, 1, 1, 1, 1, 2], 9 dimensions in memory; a model's inputs, outputs and what its kernels hand on have at most 8: merge some with reshape}}
func.func @nine(%x: tensor<1x1x1x1x1x1x1x1x2xf32>) -> tensor<1x1x1x1x1x1x1x1x2xf32> attributes {quern.model} {
  return %x : tensor<1x1x1x1x1x1x1x1x2xf32>
}

// -----

// Blocks of channels are a dimension more.
// expected-error@+1 {{9 dimensions in memory}}
func.func @blocked(%x: tensor<1x8x1x1x1x1x1x1xf32, #quern.layout<[0, 1, 2, 3, 4, 5, 6, 7, 1], blocks = [8]>>) attributes {quern.model} {
  return
}
