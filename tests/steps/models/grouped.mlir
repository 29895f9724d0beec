// Groups, a norm over channels, halves swapped, a linear layer and a softmax.
func.func @grouped(%x: tensor<2x8x19xf32> {quern.name = "x"}) -> (tensor<2x19x5xf32> {quern.name = "y"})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [1], strict = false>} {
  %1 = quern.parameter "dw" : tensor<8x1x4xf32>
  %2 = quern.conv %x, %1 strides [1] dilations [1] pad [3] [0] groups 8 : (tensor<2x8x19xf32>, tensor<8x1x4xf32>) -> tensor<2x8x19xf32>
  %3 = quern.parameter "grouped" : tensor<12x4x2xf32>
  %4 = quern.conv %2, %3 strides [1] dilations [2] pad [2] [0] groups 2 : (tensor<2x8x19xf32>, tensor<12x4x2xf32>) -> tensor<2x12x19xf32>
  %5 = quern.reduce mean %4 over [1] keep true : (tensor<2x12x19xf32>) -> tensor<2x1x19xf32>
  %6 = quern.sub %4, %5 : (tensor<2x12x19xf32>, tensor<2x1x19xf32>) -> tensor<2x12x19xf32>
  %7 = quern.mul %6, %6 : (tensor<2x12x19xf32>, tensor<2x12x19xf32>) -> tensor<2x12x19xf32>
  %8 = quern.reduce mean %7 over [1] keep true : (tensor<2x12x19xf32>) -> tensor<2x1x19xf32>
  %9 = quern.constant dense<1.0e-05> : tensor<f32>
  %10 = quern.add %8, %9 : (tensor<2x1x19xf32>, tensor<f32>) -> tensor<2x1x19xf32>
  %11 = quern.rsqrt %10 : (tensor<2x1x19xf32>) -> tensor<2x1x19xf32>
  %12 = quern.mul %6, %11 : (tensor<2x12x19xf32>, tensor<2x1x19xf32>) -> tensor<2x12x19xf32>
  %13 = quern.slice %12 from [0, 0, 0] sizes [2, 6, 19] strides [1, 1, 1] : (tensor<2x12x19xf32>) -> tensor<2x6x19xf32>
  %14 = quern.slice %12 from [0, 6, 0] sizes [2, 6, 19] strides [1, 1, 1] : (tensor<2x12x19xf32>) -> tensor<2x6x19xf32>
  %15 = quern.tanh %14 : (tensor<2x6x19xf32>) -> tensor<2x6x19xf32>
  %16 = quern.mul %13, %14 : (tensor<2x6x19xf32>, tensor<2x6x19xf32>) -> tensor<2x6x19xf32>
  %17 = quern.concat %15, %16 along 1 : (tensor<2x6x19xf32>, tensor<2x6x19xf32>) -> tensor<2x12x19xf32>
  %18 = quern.parameter "linear" : tensor<5x12xf32>
  %19 = quern.contract %17 [0, 1, 2], %18 [3, 1] -> [0, 2, 3] : (tensor<2x12x19xf32>, tensor<5x12xf32>) -> tensor<2x19x5xf32>
  %20 = quern.softmax %19 over 2 : (tensor<2x19x5xf32>) -> tensor<2x19x5xf32>
  return %20 : tensor<2x19x5xf32>
}
