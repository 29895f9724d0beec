// Masked convolutions of types A and B (van den Oord et al. 2016).
func.func @pixelcnn(%x: tensor<2x1x6x7xf32> {quern.name = "x"}) -> (tensor<2x4x6x7xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 4, components = 1, range = [-1.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %1 = quern.constant dense<[[[[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]]]]> : tensor<1x1x5x5xf32>
  %2 = quern.parameter "a" : tensor<8x1x5x5xf32>
  %3 = quern.mul %2, %1 : (tensor<8x1x5x5xf32>, tensor<1x1x5x5xf32>) -> tensor<8x1x5x5xf32>
  %4 = quern.conv %x, %3 strides [1, 1] dilations [1, 1] pad [2, 2] [2, 2] groups 1 : (tensor<2x1x6x7xf32>, tensor<8x1x5x5xf32>) -> tensor<2x8x6x7xf32>
  %5 = quern.relu %4 : (tensor<2x8x6x7xf32>) -> tensor<2x8x6x7xf32>
  %6 = quern.constant dense<[[[[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]]> : tensor<1x1x3x3xf32>
  %7 = quern.parameter "b0" : tensor<8x8x3x3xf32>
  %8 = quern.mul %7, %6 : (tensor<8x8x3x3xf32>, tensor<1x1x3x3xf32>) -> tensor<8x8x3x3xf32>
  %9 = quern.conv %5, %8 strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<2x8x6x7xf32>, tensor<8x8x3x3xf32>) -> tensor<2x8x6x7xf32>
  %10 = quern.relu %9 : (tensor<2x8x6x7xf32>) -> tensor<2x8x6x7xf32>
  %11 = quern.parameter "p0" : tensor<8x8x1x1xf32>
  %12 = quern.conv %10, %11 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x8x6x7xf32>, tensor<8x8x1x1xf32>) -> tensor<2x8x6x7xf32>
  %13 = quern.add %5, %12 : (tensor<2x8x6x7xf32>, tensor<2x8x6x7xf32>) -> tensor<2x8x6x7xf32>
  %14 = quern.parameter "b1" : tensor<8x8x3x3xf32>
  %15 = quern.mul %14, %6 : (tensor<8x8x3x3xf32>, tensor<1x1x3x3xf32>) -> tensor<8x8x3x3xf32>
  %16 = quern.conv %13, %15 strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<2x8x6x7xf32>, tensor<8x8x3x3xf32>) -> tensor<2x8x6x7xf32>
  %17 = quern.relu %16 : (tensor<2x8x6x7xf32>) -> tensor<2x8x6x7xf32>
  %18 = quern.parameter "p1" : tensor<8x8x1x1xf32>
  %19 = quern.conv %17, %18 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x8x6x7xf32>, tensor<8x8x1x1xf32>) -> tensor<2x8x6x7xf32>
  %20 = quern.add %13, %19 : (tensor<2x8x6x7xf32>, tensor<2x8x6x7xf32>) -> tensor<2x8x6x7xf32>
  %21 = quern.parameter "b2" : tensor<8x8x3x3xf32>
  %22 = quern.mul %21, %6 : (tensor<8x8x3x3xf32>, tensor<1x1x3x3xf32>) -> tensor<8x8x3x3xf32>
  %23 = quern.conv %20, %22 strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<2x8x6x7xf32>, tensor<8x8x3x3xf32>) -> tensor<2x8x6x7xf32>
  %24 = quern.relu %23 : (tensor<2x8x6x7xf32>) -> tensor<2x8x6x7xf32>
  %25 = quern.parameter "p2" : tensor<8x8x1x1xf32>
  %26 = quern.conv %24, %25 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x8x6x7xf32>, tensor<8x8x1x1xf32>) -> tensor<2x8x6x7xf32>
  %27 = quern.add %20, %26 : (tensor<2x8x6x7xf32>, tensor<2x8x6x7xf32>) -> tensor<2x8x6x7xf32>
  %28 = quern.parameter "out" : tensor<4x8x1x1xf32>
  %29 = quern.conv %27, %28 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x8x6x7xf32>, tensor<4x8x1x1xf32>) -> tensor<2x4x6x7xf32>
  return %29 : tensor<2x4x6x7xf32>
}
