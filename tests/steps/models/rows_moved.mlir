// Rows are computed once they are complete, from states that are too large to be kept whole: memory is moved within a row.
func.func @rows_moved(%x: tensor<1x1x44x10xf32> {quern.name = "x"}) -> (tensor<1x2x44x10xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 2, components = 1, range = [0.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %1 = quern.parameter "v0" : tensor<48x1x2x3xf32>
  %2 = quern.conv %x, %1 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<1x1x44x10xf32>, tensor<48x1x2x3xf32>) -> tensor<1x48x44x10xf32>
  %3 = quern.relu %2 : (tensor<1x48x44x10xf32>) -> tensor<1x48x44x10xf32>
  %4 = quern.parameter "v1" : tensor<4x48x2x3xf32>
  %5 = quern.conv %3, %4 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<1x48x44x10xf32>, tensor<4x48x2x3xf32>) -> tensor<1x4x44x10xf32>
  %6 = quern.tanh %5 : (tensor<1x4x44x10xf32>) -> tensor<1x4x44x10xf32>
  %7 = quern.pad %6 low [0, 0, 1, 0] high [0, 0, 0, 0] with 0.0 : (tensor<1x4x44x10xf32>) -> tensor<1x4x45x10xf32>
  %8 = quern.slice %7 from [0, 0, 0, 0] sizes [1, 4, 44, 10] strides [1, 1, 1, 1] : (tensor<1x4x45x10xf32>) -> tensor<1x4x44x10xf32>
  %9 = quern.parameter "out" : tensor<2x4x1x1xf32>
  %10 = quern.conv %8, %9 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x4x44x10xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x44x10xf32>
  return %10 : tensor<1x2x44x10xf32>
}
