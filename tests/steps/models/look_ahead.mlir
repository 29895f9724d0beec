// Centred convolutions: an output needs three elements after its own.
func.func @look_ahead(%x: tensor<1x2x30xf32> {quern.name = "x"}) -> (tensor<1x2x30xf32> {quern.name = "y"})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>, quern.latency = 3 : i64} {
  %1 = quern.parameter "c0" : tensor<4x2x3xf32>
  %2 = quern.conv %x, %1 strides [1] dilations [1] pad [1] [1] groups 1 : (tensor<1x2x30xf32>, tensor<4x2x3xf32>) -> tensor<1x4x30xf32>
  %3 = quern.parameter "b0" : tensor<4x1xf32>
  %4 = quern.add %2, %3 : (tensor<1x4x30xf32>, tensor<4x1xf32>) -> tensor<1x4x30xf32>
  %5 = quern.tanh %4 : (tensor<1x4x30xf32>) -> tensor<1x4x30xf32>
  %6 = quern.parameter "c1" : tensor<4x4x3xf32>
  %7 = quern.conv %5, %6 strides [1] dilations [1] pad [1] [1] groups 1 : (tensor<1x4x30xf32>, tensor<4x4x3xf32>) -> tensor<1x4x30xf32>
  %8 = quern.parameter "b1" : tensor<4x1xf32>
  %9 = quern.add %7, %8 : (tensor<1x4x30xf32>, tensor<4x1xf32>) -> tensor<1x4x30xf32>
  %10 = quern.tanh %9 : (tensor<1x4x30xf32>) -> tensor<1x4x30xf32>
  %11 = quern.parameter "out" : tensor<2x4x5xf32>
  %12 = quern.conv %10, %11 strides [1] dilations [1] pad [3] [1] groups 1 : (tensor<1x4x30xf32>, tensor<2x4x5xf32>) -> tensor<1x2x30xf32>
  return %12 : tensor<1x2x30xf32>
}
