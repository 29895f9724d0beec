// Attention of two heads that is written out, scaled and masked: steps take it for one op, which masks after the softmax, too.
func.func @written_attention(%x: tensor<1x7x4xf32> {quern.name = "x"}) -> (tensor<1x7x4xf32> {quern.name = "y"})
    attributes {test.further_elements = 98 : i64, quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %w = quern.parameter "query" : tensor<4x4xf32>
  %0 = quern.contract %x [0, 1, 2], %w [3, 2] -> [0, 1, 3] : (tensor<1x7x4xf32>, tensor<4x4xf32>) -> tensor<1x7x4xf32>
  %q = quern.reshape %0 to [1, 7, 2, 2] : (tensor<1x7x4xf32>) -> tensor<1x7x2x2xf32>
  %k = quern.reshape %x to [1, 7, 2, 2] : (tensor<1x7x4xf32>) -> tensor<1x7x2x2xf32>
  %1 = quern.contract %q [0, 1, 2, 3], %k [0, 4, 2, 3] -> [0, 2, 1, 4] : (tensor<1x7x2x2xf32>, tensor<1x7x2x2xf32>) -> tensor<1x2x7x7xf32>
  %scale = quern.constant dense<0.7> : tensor<f32>
  %2 = quern.mul %1, %scale : (tensor<1x2x7x7xf32>, tensor<f32>) -> tensor<1x2x7x7xf32>
  %i = quern.iota [7, 7] along 0 of i32 : () -> tensor<7x7xi32>
  %j = quern.iota [7, 7] along 1 of i32 : () -> tensor<7x7xi32>
  %sees = quern.cmp le %j, %i : (tensor<7x7xi32>, tensor<7x7xi32>) -> tensor<7x7xi1>
  %low = quern.constant dense<-1.0e9> : tensor<f32>
  %3 = quern.select %sees, %2, %low : (tensor<7x7xi1>, tensor<1x2x7x7xf32>, tensor<f32>) -> tensor<1x2x7x7xf32>
  %4 = quern.softmax %3 over 3 : (tensor<1x2x7x7xf32>) -> tensor<1x2x7x7xf32>
  %5 = quern.contract %4 [0, 1, 2, 3], %k [0, 3, 1, 4] -> [0, 2, 1, 4] : (tensor<1x2x7x7xf32>, tensor<1x7x2x2xf32>) -> tensor<1x7x2x2xf32>
  %6 = quern.reshape %5 to [1, 7, 4] : (tensor<1x7x2x2xf32>) -> tensor<1x7x4xf32>
  return %6 : tensor<1x7x4xf32>
}
