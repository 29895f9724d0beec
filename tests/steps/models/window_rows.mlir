// Attention with a window of more than half the positions, whose mask is computed a row at a time.
func.func @window_rows(%arg0: tensor<1x1100xi32> {quern.name = "text"}) -> (tensor<1x1100x5xf32> {quern.as = #quern.distribution<kind = categorical, axis = 2, levels = 5, components = 1, range = [0.000000e+00, 1.000000e+00]>, quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>, quern.model, test.further_elements = -5293740 : i64} {
  %0 = quern.constant dense<700> : tensor<i32>
  %1 = quern.parameter "wte.weight" : tensor<5x8xf32>
  %2 = quern.gather %1 at %arg0 along 0 : (tensor<5x8xf32>, tensor<1x1100xi32>) -> tensor<1x1100x8xf32>
  %3 = quern.parameter "a.query.weight" : tensor<8x8xf32>
  %4 = quern.contract %2 [0, 1, 2], %3 [3, 2] -> [0, 1, 3] : (tensor<1x1100x8xf32>, tensor<8x8xf32>) -> tensor<1x1100x8xf32>
  %5 = quern.parameter "a.query.bias" : tensor<8xf32>
  %6 = quern.add %4, %5 : (tensor<1x1100x8xf32>, tensor<8xf32>) -> tensor<1x1100x8xf32>
  %7 = quern.reshape %6 to [1, 1100, 2, 4] : (tensor<1x1100x8xf32>) -> tensor<1x1100x2x4xf32>
  %8 = quern.transpose %7 by [0, 2, 1, 3] : (tensor<1x1100x2x4xf32>) -> tensor<1x2x1100x4xf32>
  %9 = quern.parameter "a.key.weight" : tensor<8x8xf32>
  %10 = quern.contract %2 [0, 1, 2], %9 [3, 2] -> [0, 1, 3] : (tensor<1x1100x8xf32>, tensor<8x8xf32>) -> tensor<1x1100x8xf32>
  %11 = quern.parameter "a.key.bias" : tensor<8xf32>
  %12 = quern.add %10, %11 : (tensor<1x1100x8xf32>, tensor<8xf32>) -> tensor<1x1100x8xf32>
  %13 = quern.reshape %12 to [1, 1100, 2, 4] : (tensor<1x1100x8xf32>) -> tensor<1x1100x2x4xf32>
  %14 = quern.transpose %13 by [0, 2, 1, 3] : (tensor<1x1100x2x4xf32>) -> tensor<1x2x1100x4xf32>
  %15 = quern.parameter "a.value.weight" : tensor<8x8xf32>
  %16 = quern.contract %2 [0, 1, 2], %15 [3, 2] -> [0, 1, 3] : (tensor<1x1100x8xf32>, tensor<8x8xf32>) -> tensor<1x1100x8xf32>
  %17 = quern.parameter "a.value.bias" : tensor<8xf32>
  %18 = quern.add %16, %17 : (tensor<1x1100x8xf32>, tensor<8xf32>) -> tensor<1x1100x8xf32>
  %19 = quern.reshape %18 to [1, 1100, 2, 4] : (tensor<1x1100x8xf32>) -> tensor<1x1100x2x4xf32>
  %20 = quern.transpose %19 by [0, 2, 1, 3] : (tensor<1x1100x2x4xf32>) -> tensor<1x2x1100x4xf32>
  %21 = quern.iota [1100, 1] along 0 of i32 : () -> tensor<1100x1xi32>
  %22 = quern.iota [1, 1100] along 1 of i32 : () -> tensor<1x1100xi32>
  %23 = quern.cmp  le %22, %21 : (tensor<1x1100xi32>, tensor<1100x1xi32>) -> tensor<1100x1100xi1>
  %24 = quern.sub %21, %22 : (tensor<1100x1xi32>, tensor<1x1100xi32>) -> tensor<1100x1100xi32>
  %25 = quern.cmp  lt %24, %0 : (tensor<1100x1100xi32>, tensor<i32>) -> tensor<1100x1100xi1>
  %26 = quern.and %23, %25 : (tensor<1100x1100xi1>, tensor<1100x1100xi1>) -> tensor<1100x1100xi1>
  %27 = quern.attention %8, %14, %20 mask %26 scale 5.000000e-01 : (tensor<1x2x1100x4xf32>, tensor<1x2x1100x4xf32>, tensor<1x2x1100x4xf32>, tensor<1100x1100xi1>) -> tensor<1x2x1100x4xf32>
  %28 = quern.transpose %27 by [0, 2, 1, 3] : (tensor<1x2x1100x4xf32>) -> tensor<1x1100x2x4xf32>
  %29 = quern.reshape %28 to [1, 1100, 8] : (tensor<1x1100x2x4xf32>) -> tensor<1x1100x8xf32>
  %30 = quern.parameter "a.out.weight" : tensor<8x8xf32>
  %31 = quern.contract %29 [0, 1, 2], %30 [3, 2] -> [0, 1, 3] : (tensor<1x1100x8xf32>, tensor<8x8xf32>) -> tensor<1x1100x8xf32>
  %32 = quern.parameter "a.out.bias" : tensor<8xf32>
  %33 = quern.add %31, %32 : (tensor<1x1100x8xf32>, tensor<8xf32>) -> tensor<1x1100x8xf32>
  %34 = quern.add %2, %33 : (tensor<1x1100x8xf32>, tensor<1x1100x8xf32>) -> tensor<1x1100x8xf32>
  %35 = quern.parameter "head.weight" : tensor<5x8xf32>
  %36 = quern.contract %34 [0, 1, 2], %35 [3, 2] -> [0, 1, 3] : (tensor<1x1100x8xf32>, tensor<5x8xf32>) -> tensor<1x1100x5xf32>
  %37 = quern.parameter "head.bias" : tensor<5xf32>
  %38 = quern.add %36, %37 : (tensor<1x1100x5xf32>, tensor<5xf32>) -> tensor<1x1100x5xf32>
  return %38 : tensor<1x1100x5xf32>
}
