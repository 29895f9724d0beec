// Dense layers over a raster of two channels in an order of its own, own elements included; a further input is free.
func.func @dense_raster(%arg0: tensor<2x2x2x3xf32> {quern.name = "x"}, %arg1: tensor<2x4xf32> {quern.name = "style"}) -> (tensor<2x6x2x3xf32> {quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 3, components = 1, range = [0.000000e+00, 1.000000e+00]>, quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [2, 3, 1], output = 0, output_axes = [2, 3, 1], strict = false, order = [5, 2, 9, 0, 11, 4, 7, 1, 10, 3, 8, 6]>, quern.model, test.further_elements = 3168 : i64} {
  %0 = quern.constant dense<[5, 5, 5, 9, 9, 9, 11, 11, 11, 7, 7, 7, 10, 10, 10, 8, 8, 8, 2, 2, 2, 0, 0, 0, 4, 4, 4, 1, 1, 1, 3, 3, 3, 6, 6, 6]> : tensor<36xi32>
  %1 = quern.constant dense<[5, 9, 11, 7, 10, 8, 2, 0, 4, 1, 3, 6]> : tensor<12xi32>
  %2 = quern.reshape %arg0 to [2, 12] : (tensor<2x2x2x3xf32>) -> tensor<2x12xf32>
  %3 = quern.reshape %1 to [1, 12] : (tensor<12xi32>) -> tensor<1x12xi32>
  %4 = quern.reshape %1 to [12, 1] : (tensor<12xi32>) -> tensor<12x1xi32>
  %5 = quern.cmp  ge %4, %3 : (tensor<12x1xi32>, tensor<1x12xi32>) -> tensor<12x12xi1>
  %6 = quern.parameter "first.weight" : tensor<12x12xf32>
  %7 = quern.cast %5 to f32 : (tensor<12x12xi1>) -> tensor<12x12xf32>
  %8 = quern.mul %6, %7 : (tensor<12x12xf32>, tensor<12x12xf32>) -> tensor<12x12xf32>
  %9 = quern.contract %2 [0, 1], %8 [2, 1] -> [0, 2] : (tensor<2x12xf32>, tensor<12x12xf32>) -> tensor<2x12xf32>
  %10 = quern.parameter "first.bias" : tensor<12xf32>
  %11 = quern.add %9, %10 : (tensor<2x12xf32>, tensor<12xf32>) -> tensor<2x12xf32>
  %12 = quern.parameter "styles.weight" : tensor<12x4xf32>
  %13 = quern.contract %arg1 [0, 1], %12 [2, 1] -> [0, 2] : (tensor<2x4xf32>, tensor<12x4xf32>) -> tensor<2x12xf32>
  %14 = quern.parameter "styles.bias" : tensor<12xf32>
  %15 = quern.add %13, %14 : (tensor<2x12xf32>, tensor<12xf32>) -> tensor<2x12xf32>
  %16 = quern.add %11, %15 : (tensor<2x12xf32>, tensor<2x12xf32>) -> tensor<2x12xf32>
  %17 = quern.relu %16 : (tensor<2x12xf32>) -> tensor<2x12xf32>
  %18 = quern.reshape %0 to [36, 1] : (tensor<36xi32>) -> tensor<36x1xi32>
  %19 = quern.cmp  ge %18, %3 : (tensor<36x1xi32>, tensor<1x12xi32>) -> tensor<36x12xi1>
  %20 = quern.parameter "second.weight" : tensor<36x12xf32>
  %21 = quern.cast %19 to f32 : (tensor<36x12xi1>) -> tensor<36x12xf32>
  %22 = quern.mul %20, %21 : (tensor<36x12xf32>, tensor<36x12xf32>) -> tensor<36x12xf32>
  %23 = quern.contract %17 [0, 1], %22 [2, 1] -> [0, 2] : (tensor<2x12xf32>, tensor<36x12xf32>) -> tensor<2x36xf32>
  %24 = quern.parameter "second.bias" : tensor<36xf32>
  %25 = quern.add %23, %24 : (tensor<2x36xf32>, tensor<36xf32>) -> tensor<2x36xf32>
  %26 = quern.reshape %25 to [2, 2, 2, 3, 3] : (tensor<2x36xf32>) -> tensor<2x2x2x3x3xf32>
  %27 = quern.transpose %26 by [0, 1, 4, 2, 3] : (tensor<2x2x2x3x3xf32>) -> tensor<2x2x3x2x3xf32>
  %28 = quern.reshape %27 to [2, 6, 2, 3] : (tensor<2x2x3x2x3xf32>) -> tensor<2x6x2x3xf32>
  return %28 : tensor<2x6x2x3xf32>
}
