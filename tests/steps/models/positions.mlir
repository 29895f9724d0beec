// Embeddings of tokens and of their places.
func.func @positions(%x: tensor<3x11xi32> {quern.name = "x"}) -> (tensor<3x11x9xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 2, levels = 9, components = 1, range = [0.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %1 = quern.parameter "tokens" : tensor<9x8xf32>
  %2 = quern.gather %1 at %x along 0 : (tensor<9x8xf32>, tensor<3x11xi32>) -> tensor<3x11x8xf32>
  %3 = quern.parameter "places" : tensor<11x8xf32>
  %4 = quern.add %2, %3 : (tensor<3x11x8xf32>, tensor<11x8xf32>) -> tensor<3x11x8xf32>
  %5 = quern.parameter "linear" : tensor<8x16xf32>
  %6 = quern.contract %4 [0, 1, 2], %5 [2, 3] -> [0, 1, 3] : (tensor<3x11x8xf32>, tensor<8x16xf32>) -> tensor<3x11x16xf32>
  %7 = quern.relu %6 : (tensor<3x11x16xf32>) -> tensor<3x11x16xf32>
  %8 = quern.parameter "head" : tensor<16x9xf32>
  %9 = quern.contract %7 [0, 1, 2], %8 [2, 3] -> [0, 1, 3] : (tensor<3x11x16xf32>, tensor<16x9xf32>) -> tensor<3x11x9xf32>
  return %9 : tensor<3x11x9xf32>
}
