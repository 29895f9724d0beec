// Pooling over a raster: rows above at once, and pixels before.
func.func @pooled_raster(%arg0: tensor<2x1x5x6xf32> {quern.name = "image"}) -> (tensor<2x3x5x6xf32> {quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 3, components = 1, range = [0.000000e+00, 1.000000e+00]>, quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>, quern.model, test.further_elements = 4440 : i64} {
  %0 = quern.pad %arg0 low [0, 0, 1, 0] high [0, 0, 0, 0] with 0.000000e+00 : (tensor<2x1x5x6xf32>) -> tensor<2x1x6x6xf32>
  %1 = quern.slice %0 from [0, 0, 0, 0] sizes [2, 1, 5, 6] strides [1, 1, 1, 1] : (tensor<2x1x6x6xf32>) -> tensor<2x1x5x6xf32>
  %2 = quern.window_reduce  max %1 window [2, 3] strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] : (tensor<2x1x5x6xf32>) -> tensor<2x1x5x6xf32>
  %3 = quern.pad %arg0 low [0, 0, 0, 1] high [0, 0, 0, 0] with 0.000000e+00 : (tensor<2x1x5x6xf32>) -> tensor<2x1x5x7xf32>
  %4 = quern.slice %3 from [0, 0, 0, 0] sizes [2, 1, 5, 6] strides [1, 1, 1, 1] : (tensor<2x1x5x7xf32>) -> tensor<2x1x5x6xf32>
  %5 = quern.window_reduce  mean %4 window [2, 3] strides [1, 1] dilations [1, 1] pad [1, 2] [0, 0] : (tensor<2x1x5x6xf32>) -> tensor<2x1x5x6xf32>
  %6 = quern.concat %2, %5 along 1 : (tensor<2x1x5x6xf32>, tensor<2x1x5x6xf32>) -> tensor<2x2x5x6xf32>
  %7 = quern.parameter "mix.weight" : tensor<4x2x1x1xf32>
  %8 = quern.conv %6, %7 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x2x5x6xf32>, tensor<4x2x1x1xf32>) -> tensor<2x4x5x6xf32>
  %9 = quern.parameter "mix.bias" : tensor<4xf32>
  %10 = quern.reshape %9 to [1, 4, 1, 1] : (tensor<4xf32>) -> tensor<1x4x1x1xf32>
  %11 = quern.add %8, %10 : (tensor<2x4x5x6xf32>, tensor<1x4x1x1xf32>) -> tensor<2x4x5x6xf32>
  %12 = quern.relu %11 : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
  %13 = quern.window_reduce  max %12 window [3, 2] strides [1, 1] dilations [1, 1] pad [2, 1] [0, 0] : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
  %14 = quern.parameter "out.weight" : tensor<3x4x1x1xf32>
  %15 = quern.conv %13, %14 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x4x5x6xf32>, tensor<3x4x1x1xf32>) -> tensor<2x3x5x6xf32>
  %16 = quern.parameter "out.bias" : tensor<3xf32>
  %17 = quern.reshape %16 to [1, 3, 1, 1] : (tensor<3xf32>) -> tensor<1x3x1x1xf32>
  %18 = quern.add %15, %17 : (tensor<2x3x5x6xf32>, tensor<1x3x1x1xf32>) -> tensor<2x3x5x6xf32>
  return %18 : tensor<2x3x5x6xf32>
}
