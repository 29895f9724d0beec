// An input of bools: each is 0 or 1, whatever the numbers that are computed of it.
func.func @switches(%x: tensor<1x2x8xi1> {quern.name = "x"}) -> (tensor<1x3x8xf32> {quern.name = "y"})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %0 = quern.cast %x to f32 : (tensor<1x2x8xi1>) -> tensor<1x2x8xf32>
  %1 = quern.parameter "w" : tensor<3x2x2xf32>
  %2 = quern.conv %0, %1 strides [1] dilations [1] pad [1] [0] groups 1 : (tensor<1x2x8xf32>, tensor<3x2x2xf32>) -> tensor<1x3x8xf32>
  return %2 : tensor<1x3x8xf32>
}
