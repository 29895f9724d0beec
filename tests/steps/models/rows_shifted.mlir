// Rows are computed once they are complete, and shifted down before they are read.
func.func @rows_shifted(%x: tensor<1x1x5x4xf32> {quern.name = "x"}) -> (tensor<1x2x5x4xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 2, components = 1, range = [0.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %1 = quern.parameter "v0" : tensor<5x1x2x3xf32>
  %2 = quern.conv %x, %1 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<1x1x5x4xf32>, tensor<5x1x2x3xf32>) -> tensor<1x5x5x4xf32>
  %3 = quern.relu %2 : (tensor<1x5x5x4xf32>) -> tensor<1x5x5x4xf32>
  %4 = quern.parameter "v1" : tensor<5x5x2x3xf32>
  %5 = quern.conv %3, %4 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<1x5x5x4xf32>, tensor<5x5x2x3xf32>) -> tensor<1x5x5x4xf32>
  %6 = quern.tanh %5 : (tensor<1x5x5x4xf32>) -> tensor<1x5x5x4xf32>
  %7 = quern.pad %6 low [0, 0, 1, 0] high [0, 0, 0, 0] with 0.0 : (tensor<1x5x5x4xf32>) -> tensor<1x5x6x4xf32>
  %8 = quern.slice %7 from [0, 0, 0, 0] sizes [1, 5, 5, 4] strides [1, 1, 1, 1] : (tensor<1x5x6x4xf32>) -> tensor<1x5x5x4xf32>
  %9 = quern.pad %x low [0, 0, 0, 1] high [0, 0, 0, 0] with 0.0 : (tensor<1x1x5x4xf32>) -> tensor<1x1x5x5xf32>
  %10 = quern.slice %9 from [0, 0, 0, 0] sizes [1, 1, 5, 4] strides [1, 1, 1, 1] : (tensor<1x1x5x5xf32>) -> tensor<1x1x5x4xf32>
  %11 = quern.parameter "h" : tensor<5x1x1x2xf32>
  %12 = quern.conv %10, %11 strides [1, 1] dilations [1, 1] pad [0, 1] [0, 0] groups 1 : (tensor<1x1x5x4xf32>, tensor<5x1x1x2xf32>) -> tensor<1x5x5x4xf32>
  %13 = quern.add %8, %12 : (tensor<1x5x5x4xf32>, tensor<1x5x5x4xf32>) -> tensor<1x5x5x4xf32>
  %14 = quern.parameter "out" : tensor<2x5x1x1xf32>
  %15 = quern.conv %13, %14 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x5x5x4xf32>, tensor<2x5x1x1xf32>) -> tensor<1x2x5x4xf32>
  return %15 : tensor<1x2x5x4xf32>
}
