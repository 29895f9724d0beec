// Grids of every second and fourth element: computed when the last that they read is known, repeated
// and shuffled back to the full rate.
func.func @strided(%x: tensor<2x3x12xf32> {quern.name = "x"}) -> (tensor<2x4x12xf32> {quern.name = "y"})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %1 = quern.parameter "first" : tensor<6x3x3xf32>
  %2 = quern.conv %x, %1 strides [2] dilations [1] pad [2] [0] groups 1 : (tensor<2x3x12xf32>, tensor<6x3x3xf32>) -> tensor<2x6x6xf32>
  %3 = quern.relu %2 : (tensor<2x6x6xf32>) -> tensor<2x6x6xf32>
  %4 = quern.parameter "second" : tensor<6x6x2xf32>
  %5 = quern.conv %3, %4 strides [2] dilations [1] pad [0] [0] groups 1 : (tensor<2x6x6xf32>, tensor<6x6x2xf32>) -> tensor<2x6x3xf32>
  %6 = quern.tanh %5 : (tensor<2x6x3xf32>) -> tensor<2x6x3xf32>
  %7 = quern.resize nearest half_pixel %6 to [6] : (tensor<2x6x3xf32>) -> tensor<2x6x6xf32>
  %8 = quern.pad %7 low [0, 0, 1] high [0, 0, 0] with 0.0 : (tensor<2x6x6xf32>) -> tensor<2x6x7xf32>
  %9 = quern.slice %8 from [0, 0, 0] sizes [2, 6, 6] strides [1, 1, 1] : (tensor<2x6x7xf32>) -> tensor<2x6x6xf32>
  %10 = quern.add %3, %9 : (tensor<2x6x6xf32>, tensor<2x6x6xf32>) -> tensor<2x6x6xf32>
  %11 = quern.parameter "up" : tensor<8x6x1xf32>
  %12 = quern.conv %10, %11 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<2x6x6xf32>, tensor<8x6x1xf32>) -> tensor<2x8x6xf32>
  %13 = quern.reshape %12 to [2, 4, 2, 6] : (tensor<2x8x6xf32>) -> tensor<2x4x2x6xf32>
  %14 = quern.transpose %13 by [0, 1, 3, 2] : (tensor<2x4x2x6xf32>) -> tensor<2x4x6x2xf32>
  %15 = quern.reshape %14 to [2, 4, 12] : (tensor<2x4x6x2xf32>) -> tensor<2x4x12xf32>
  %16 = quern.parameter "near" : tensor<4x3x2xf32>
  %17 = quern.conv %x, %16 strides [1] dilations [1] pad [1] [0] groups 1 : (tensor<2x3x12xf32>, tensor<4x3x2xf32>) -> tensor<2x4x12xf32>
  %18 = quern.add %15, %17 : (tensor<2x4x12xf32>, tensor<2x4x12xf32>) -> tensor<2x4x12xf32>
  return %18 : tensor<2x4x12xf32>
}
