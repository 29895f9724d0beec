// Pooling of colours that are generated one after the other.
func.func @pooled_colours(%arg0: tensor<2x3x4x5xf32> {quern.name = "image"}) -> (tensor<2x6x4x5xf32> {quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [2, 3, 1], output = 0, output_axes = [2, 3, 1], strict = true>, quern.model, test.further_elements = 1920 : i64} {
  %0 = quern.constant dense<0> : tensor<i32>
  %1 = quern.constant dense<4> : tensor<i32>
  %2 = quern.constant dense<2> : tensor<i32>
  %3 = quern.iota [9] along 0 of i32 : () -> tensor<9xi32>
  %4 = quern.reshape %3 to [1, 1, 3, 3] : (tensor<9xi32>) -> tensor<1x1x3x3xi32>
  %5 = quern.iota [1, 3, 1, 1] along 1 of i32 : () -> tensor<1x3x1x1xi32>
  %6 = quern.iota [6, 1, 1, 1] along 0 of i32 : () -> tensor<6x1x1x1xi32>
  %7 = quern.div %6, %2 : (tensor<6x1x1x1xi32>, tensor<i32>) -> tensor<6x1x1x1xi32>
  %8 = quern.cmp  lt %5, %7 : (tensor<1x3x1x1xi32>, tensor<6x1x1x1xi32>) -> tensor<6x3x1x1xi1>
  %9 = quern.cmp  lt %4, %1 : (tensor<1x1x3x3xi32>, tensor<i32>) -> tensor<1x1x3x3xi1>
  %10 = quern.cmp  eq %4, %1 : (tensor<1x1x3x3xi32>, tensor<i32>) -> tensor<1x1x3x3xi1>
  %11 = quern.and %10, %8 : (tensor<1x1x3x3xi1>, tensor<6x3x1x1xi1>) -> tensor<6x3x3x3xi1>
  %12 = quern.or %9, %11 : (tensor<1x1x3x3xi1>, tensor<6x3x3x3xi1>) -> tensor<6x3x3x3xi1>
  %13 = quern.parameter "first.weight" : tensor<6x3x3x3xf32>
  %14 = quern.cast %12 to f32 : (tensor<6x3x3x3xi1>) -> tensor<6x3x3x3xf32>
  %15 = quern.mul %13, %14 : (tensor<6x3x3x3xf32>, tensor<6x3x3x3xf32>) -> tensor<6x3x3x3xf32>
  %16 = quern.conv %arg0, %15 strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<2x3x4x5xf32>, tensor<6x3x3x3xf32>) -> tensor<2x6x4x5xf32>
  %17 = quern.parameter "first.bias" : tensor<6xf32>
  %18 = quern.reshape %17 to [1, 6, 1, 1] : (tensor<6xf32>) -> tensor<1x6x1x1xf32>
  %19 = quern.add %16, %18 : (tensor<2x6x4x5xf32>, tensor<1x6x1x1xf32>) -> tensor<2x6x4x5xf32>
  %20 = quern.relu %19 : (tensor<2x6x4x5xf32>) -> tensor<2x6x4x5xf32>
  %21 = quern.window_reduce  max %20 window [2, 2] strides [1, 1] dilations [1, 1] pad [1, 1] [0, 0] : (tensor<2x6x4x5xf32>) -> tensor<2x6x4x5xf32>
  %22 = quern.iota [1] along 0 of i32 : () -> tensor<1xi32>
  %23 = quern.reshape %22 to [1, 1, 1, 1] : (tensor<1xi32>) -> tensor<1x1x1x1xi32>
  %24 = quern.iota [1, 6, 1, 1] along 1 of i32 : () -> tensor<1x6x1x1xi32>
  %25 = quern.div %24, %2 : (tensor<1x6x1x1xi32>, tensor<i32>) -> tensor<1x6x1x1xi32>
  %26 = quern.cmp  le %25, %7 : (tensor<1x6x1x1xi32>, tensor<6x1x1x1xi32>) -> tensor<6x6x1x1xi1>
  %27 = quern.cmp  lt %23, %0 : (tensor<1x1x1x1xi32>, tensor<i32>) -> tensor<1x1x1x1xi1>
  %28 = quern.cmp  eq %23, %0 : (tensor<1x1x1x1xi32>, tensor<i32>) -> tensor<1x1x1x1xi1>
  %29 = quern.and %28, %26 : (tensor<1x1x1x1xi1>, tensor<6x6x1x1xi1>) -> tensor<6x6x1x1xi1>
  %30 = quern.or %27, %29 : (tensor<1x1x1x1xi1>, tensor<6x6x1x1xi1>) -> tensor<6x6x1x1xi1>
  %31 = quern.parameter "out.weight" : tensor<6x6x1x1xf32>
  %32 = quern.cast %30 to f32 : (tensor<6x6x1x1xi1>) -> tensor<6x6x1x1xf32>
  %33 = quern.mul %31, %32 : (tensor<6x6x1x1xf32>, tensor<6x6x1x1xf32>) -> tensor<6x6x1x1xf32>
  %34 = quern.conv %21, %33 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x6x4x5xf32>, tensor<6x6x1x1xf32>) -> tensor<2x6x4x5xf32>
  %35 = quern.parameter "out.bias" : tensor<6xf32>
  %36 = quern.reshape %35 to [1, 6, 1, 1] : (tensor<6xf32>) -> tensor<1x6x1x1xf32>
  %37 = quern.add %34, %36 : (tensor<2x6x4x5xf32>, tensor<1x6x1x1xf32>) -> tensor<2x6x4x5xf32>
  return %37 : tensor<2x6x4x5xf32>
}
