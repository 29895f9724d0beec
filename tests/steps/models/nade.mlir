// A sum along the order, of rows of weights (Larochelle and Murray 2011).
func.func @nade(%arg0: tensor<2x7xf32> {quern.name = "x"}) -> (tensor<2x7xf32> {quern.as = #quern.distribution<kind = bernoulli, axis = 1, levels = 2, components = 1, range = [0.000000e+00, 1.000000e+00]>, quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = true>, quern.model, test.further_elements = 12 : i64} {
  %0 = quern.parameter "hidden.weight" : tensor<6x7xf32>
  %1 = quern.constant dense<0.000000e+00> : tensor<2x6xf32>
  %2 = quern.scan(%arg0, %0) along [1, 1] carry(%1) into [1] : (tensor<2x7xf32>, tensor<6x7xf32>) (tensor<2x6xf32>) to tensor<2x7x6xf32> {
  ^bb0(%arg1: tensor<2xf32>, %arg2: tensor<6xf32>, %arg3: tensor<2x6xf32>):
    %12 = quern.reshape %arg1 to [2, 1] : (tensor<2xf32>) -> tensor<2x1xf32>
    %13 = quern.mul %12, %arg2 : (tensor<2x1xf32>, tensor<6xf32>) -> tensor<2x6xf32>
    %14 = quern.add %arg3, %13 : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<2x6xf32>
    quern.yield %14 : tensor<2x6xf32>
  }
  %3 = quern.pad %2 low [0, 1, 0] high [0, 0, 0] with 0.000000e+00 : (tensor<2x7x6xf32>) -> tensor<2x8x6xf32>
  %4 = quern.slice %3 from [0, 0, 0] sizes [2, 7, 6] strides [1, 1, 1] : (tensor<2x8x6xf32>) -> tensor<2x7x6xf32>
  %5 = quern.parameter "hidden.bias" : tensor<6xf32>
  %6 = quern.add %4, %5 : (tensor<2x7x6xf32>, tensor<6xf32>) -> tensor<2x7x6xf32>
  %7 = quern.sigmoid %6 : (tensor<2x7x6xf32>) -> tensor<2x7x6xf32>
  %8 = quern.parameter "out.weight" : tensor<7x6xf32>
  %9 = quern.contract %7 [0, 1, 2], %8 [1, 2] -> [0, 1] : (tensor<2x7x6xf32>, tensor<7x6xf32>) -> tensor<2x7xf32>
  %10 = quern.parameter "out.bias" : tensor<7xf32>
  %11 = quern.add %9, %10 : (tensor<2x7xf32>, tensor<7xf32>) -> tensor<2x7xf32>
  return %11 : tensor<2x7xf32>
}
