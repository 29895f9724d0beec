// Pooling of every kind along the order, with padding that counts and that does not, dilated, and on a coarser grid.
func.func @pooled(%arg0: tensor<2x40xi32> {quern.name = "text"}) -> (tensor<2x40x5xf32> {quern.as = #quern.distribution<kind = categorical, axis = 2, levels = 5, components = 1, range = [0.000000e+00, 1.000000e+00]>, quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>, quern.model, test.further_elements = 5280 : i64} {
  %0 = quern.parameter "embed.weight" : tensor<5x4xf32>
  %1 = quern.gather %0 at %arg0 along 0 : (tensor<5x4xf32>, tensor<2x40xi32>) -> tensor<2x40x4xf32>
  %2 = quern.transpose %1 by [0, 2, 1] : (tensor<2x40x4xf32>) -> tensor<2x4x40xf32>
  %3 = quern.parameter "conv1.weight" : tensor<4x4x2xf32>
  %4 = quern.conv %2, %3 strides [1] dilations [1] pad [1] [0] groups 1 : (tensor<2x4x40xf32>, tensor<4x4x2xf32>) -> tensor<2x4x40xf32>
  %5 = quern.parameter "conv1.bias" : tensor<4xf32>
  %6 = quern.reshape %5 to [1, 4, 1] : (tensor<4xf32>) -> tensor<1x4x1xf32>
  %7 = quern.add %4, %6 : (tensor<2x4x40xf32>, tensor<1x4x1xf32>) -> tensor<2x4x40xf32>
  %8 = quern.window_reduce  max %7 window [3] strides [1] dilations [1] pad [2] [0] : (tensor<2x4x40xf32>) -> tensor<2x4x40xf32>
  %9 = quern.window_reduce  mean %7 window [4] strides [1] dilations [1] pad [3] [0] : (tensor<2x4x40xf32>) -> tensor<2x4x40xf32>
  %10 = quern.window_reduce  min %7 window [3] strides [1] dilations [2] pad [4] [0] : (tensor<2x4x40xf32>) -> tensor<2x4x40xf32>
  %11 = quern.window_reduce  prod %7 window [2] strides [1] dilations [1] pad [1] [0] : (tensor<2x4x40xf32>) -> tensor<2x4x40xf32>
  %12 = quern.window_reduce  mean %7 window [2] strides [1] dilations [1] pad [1] [0] count_padding true : (tensor<2x4x40xf32>) -> tensor<2x4x40xf32>
  %13 = quern.window_reduce  max %7 window [3] strides [2] dilations [1] pad [2] [0] : (tensor<2x4x40xf32>) -> tensor<2x4x20xf32>
  %14 = quern.resize  nearest  half_pixel %13 to [40] : (tensor<2x4x20xf32>) -> tensor<2x4x40xf32>
  %15 = quern.concat %8, %9, %10, %11, %12, %14 along 1 : (tensor<2x4x40xf32>, tensor<2x4x40xf32>, tensor<2x4x40xf32>, tensor<2x4x40xf32>, tensor<2x4x40xf32>, tensor<2x4x40xf32>) -> tensor<2x24x40xf32>
  %16 = quern.parameter "out.weight" : tensor<5x24xf32>
  %17 = quern.contract %15 [0, 2, 1], %16 [3, 2] -> [0, 1, 3] : (tensor<2x24x40xf32>, tensor<5x24xf32>) -> tensor<2x40x5xf32>
  %18 = quern.parameter "out.bias" : tensor<5xf32>
  %19 = quern.add %17, %18 : (tensor<2x40x5xf32>, tensor<5xf32>) -> tensor<2x40x5xf32>
  return %19 : tensor<2x40x5xf32>
}
