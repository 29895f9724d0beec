// Rows that are computed at their end, of values too large to be kept from the first to the last.
func.func @long_rows(%x: tensor<8x1x6x40xf32> {quern.name = "x"}) -> (tensor<8x2x6x40xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 2, components = 1, range = [0.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %1 = quern.parameter "left" : tensor<12x1x1x2xf32>
  %2 = quern.conv %x, %1 strides [1, 1] dilations [1, 1] pad [0, 1] [0, 0] groups 1 : (tensor<8x1x6x40xf32>, tensor<12x1x1x2xf32>) -> tensor<8x12x6x40xf32>
  %3 = quern.relu %2 : (tensor<8x12x6x40xf32>) -> tensor<8x12x6x40xf32>
  %4 = quern.parameter "above" : tensor<12x12x2x3xf32>
  %5 = quern.conv %3, %4 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<8x12x6x40xf32>, tensor<12x12x2x3xf32>) -> tensor<8x12x6x40xf32>
  %6 = quern.tanh %5 : (tensor<8x12x6x40xf32>) -> tensor<8x12x6x40xf32>
  %7 = quern.pad %6 low [0, 0, 1, 0] high [0, 0, 0, 0] with 0.0 : (tensor<8x12x6x40xf32>) -> tensor<8x12x7x40xf32>
  %8 = quern.slice %7 from [0, 0, 0, 0] sizes [8, 12, 6, 40] strides [1, 1, 1, 1] : (tensor<8x12x7x40xf32>) -> tensor<8x12x6x40xf32>
  %9 = quern.parameter "out" : tensor<2x12x1x1xf32>
  %10 = quern.conv %8, %9 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<8x12x6x40xf32>, tensor<2x12x1x1xf32>) -> tensor<8x2x6x40xf32>
  return %10 : tensor<8x2x6x40xf32>
}
