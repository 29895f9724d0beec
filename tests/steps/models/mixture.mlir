// A mixture of logistics over few levels, whose outcomes can be listed.
func.func @mixture(%x: tensor<1x1x4xf32> {quern.name = "x"}) -> (tensor<1x6x4xf32> {quern.name = "y", quern.as = #quern.distribution<kind = logistic_mixture, axis = 1, levels = 4, components = 2, range = [0.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = true>} {
  %1 = quern.pad %x low [0, 0, 1] high [0, 0, 0] with 0.0 : (tensor<1x1x4xf32>) -> tensor<1x1x5xf32>
  %2 = quern.slice %1 from [0, 0, 0] sizes [1, 1, 4] strides [1, 1, 1] : (tensor<1x1x5xf32>) -> tensor<1x1x4xf32>
  %3 = quern.parameter "filter" : tensor<6x1x2xf32>
  %4 = quern.conv %2, %3 strides [1] dilations [1] pad [1] [0] groups 1 : (tensor<1x1x4xf32>, tensor<6x1x2xf32>) -> tensor<1x6x4xf32>
  %5 = quern.parameter "bias" : tensor<6x1xf32>
  %6 = quern.add %4, %5 : (tensor<1x6x4xf32>, tensor<6x1xf32>) -> tensor<1x6x4xf32>
  return %6 : tensor<1x6x4xf32>
}
