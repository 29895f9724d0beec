// Pairs of elements that are computed once their second is known: an output waits for one element.
func.func @strided_look_ahead(%x: tensor<1x2x14xf32> {quern.name = "x"}) -> (tensor<1x2x14xf32> {quern.name = "y"})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>, quern.latency = 1 : i64} {
  %1 = quern.parameter "down" : tensor<5x2x3xf32>
  %2 = quern.conv %x, %1 strides [2] dilations [1] pad [1] [0] groups 1 : (tensor<1x2x14xf32>, tensor<5x2x3xf32>) -> tensor<1x5x7xf32>
  %3 = quern.tanh %2 : (tensor<1x5x7xf32>) -> tensor<1x5x7xf32>
  %4 = quern.resize nearest asymmetric %3 to [14] : (tensor<1x5x7xf32>) -> tensor<1x5x14xf32>
  %5 = quern.parameter "near" : tensor<5x2x1xf32>
  %6 = quern.conv %x, %5 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x2x14xf32>, tensor<5x2x1xf32>) -> tensor<1x5x14xf32>
  %7 = quern.mul %4, %6 : (tensor<1x5x14xf32>, tensor<1x5x14xf32>) -> tensor<1x5x14xf32>
  %8 = quern.parameter "out" : tensor<2x5x1xf32>
  %9 = quern.conv %7, %8 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x5x14xf32>, tensor<2x5x1xf32>) -> tensor<1x2x14xf32>
  return %9 : tensor<1x2x14xf32>
}
