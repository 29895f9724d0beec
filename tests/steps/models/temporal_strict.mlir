// A strict model: the input is shifted by one position, and padded on the left.
func.func @temporal_strict(%x: tensor<1x1x21xf32> {quern.name = "x"}) -> (tensor<1x6x21xf32> {quern.name = "y", quern.as = #quern.distribution<kind = gaussian_mixture, axis = 1, levels = 0, components = 2, range = [-1.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = true>} {
  %1 = quern.pad %x low [0, 0, 1] high [0, 0, 0] with 0.0 : (tensor<1x1x21xf32>) -> tensor<1x1x22xf32>
  %2 = quern.slice %1 from [0, 0, 0] sizes [1, 1, 21] strides [1, 1, 1] : (tensor<1x1x22xf32>) -> tensor<1x1x21xf32>
  %3 = quern.parameter "c0" : tensor<6x1x3xf32>
  %4 = quern.conv %2, %3 strides [1] dilations [2] pad [4] [0] groups 1 : (tensor<1x1x21xf32>, tensor<6x1x3xf32>) -> tensor<1x6x21xf32>
  %5 = quern.relu %4 : (tensor<1x6x21xf32>) -> tensor<1x6x21xf32>
  %6 = quern.parameter "c1" : tensor<6x6x3xf32>
  %7 = quern.conv %5, %6 strides [1] dilations [2] pad [4] [0] groups 1 : (tensor<1x6x21xf32>, tensor<6x6x3xf32>) -> tensor<1x6x21xf32>
  %8 = quern.relu %7 : (tensor<1x6x21xf32>) -> tensor<1x6x21xf32>
  %9 = quern.parameter "c2" : tensor<6x6x3xf32>
  %10 = quern.conv %8, %9 strides [1] dilations [2] pad [4] [0] groups 1 : (tensor<1x6x21xf32>, tensor<6x6x3xf32>) -> tensor<1x6x21xf32>
  %11 = quern.relu %10 : (tensor<1x6x21xf32>) -> tensor<1x6x21xf32>
  %12 = quern.parameter "out" : tensor<6x6x1xf32>
  %13 = quern.conv %11, %12 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x6x21xf32>, tensor<6x6x1xf32>) -> tensor<1x6x21xf32>
  return %13 : tensor<1x6x21xf32>
}
