// The same, with a global condition and one for each position.
func.func @wavenet_conditioned(%x: tensor<1x24xi32> {quern.name = "x"}, %speaker: tensor<1x8xf32> {quern.name = "speaker"}, %local: tensor<1x8x24xf32> {quern.name = "local"}) -> (tensor<1x5x24xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 5, components = 1, range = [0.0, 1.0]>})
    attributes {test.further_elements = -384 : i64, quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [2], strict = false>} {
  %1 = quern.parameter "embedding" : tensor<5x8xf32>
  %2 = quern.gather %1 at %x along 0 : (tensor<5x8xf32>, tensor<1x24xi32>) -> tensor<1x24x8xf32>
  %3 = quern.transpose %2 by [0, 2, 1] : (tensor<1x24x8xf32>) -> tensor<1x8x24xf32>
  %4 = quern.parameter "l0.filter" : tensor<8x8x2xf32>
  %5 = quern.conv %3, %4 strides [1] dilations [1] pad [1] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x2xf32>) -> tensor<1x8x24xf32>
  %6 = quern.parameter "l0.bias" : tensor<8x1xf32>
  %7 = quern.add %5, %6 : (tensor<1x8x24xf32>, tensor<8x1xf32>) -> tensor<1x8x24xf32>
  %8 = quern.parameter "l0.gate" : tensor<8x8x2xf32>
  %9 = quern.conv %3, %8 strides [1] dilations [1] pad [1] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x2xf32>) -> tensor<1x8x24xf32>
  %10 = quern.parameter "l0.speaker" : tensor<8x8xf32>
  %11 = quern.contract %speaker [0, 1], %10 [2, 1] -> [0, 2] : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32>
  %12 = quern.reshape %11 to [1, 8, 1] : (tensor<1x8xf32>) -> tensor<1x8x1xf32>
  %13 = quern.add %9, %12 : (tensor<1x8x24xf32>, tensor<1x8x1xf32>) -> tensor<1x8x24xf32>
  %14 = quern.add %13, %local : (tensor<1x8x24xf32>, tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %15 = quern.tanh %7 : (tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %16 = quern.sigmoid %14 : (tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %17 = quern.mul %15, %16 : (tensor<1x8x24xf32>, tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %18 = quern.parameter "l0.skip" : tensor<8x8x1xf32>
  %19 = quern.conv %17, %18 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x1xf32>) -> tensor<1x8x24xf32>
  %20 = quern.parameter "l0.out" : tensor<8x8x1xf32>
  %21 = quern.conv %17, %20 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x1xf32>) -> tensor<1x8x24xf32>
  %22 = quern.add %3, %21 : (tensor<1x8x24xf32>, tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %23 = quern.parameter "l1.filter" : tensor<8x8x2xf32>
  %24 = quern.conv %22, %23 strides [1] dilations [2] pad [2] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x2xf32>) -> tensor<1x8x24xf32>
  %25 = quern.parameter "l1.bias" : tensor<8x1xf32>
  %26 = quern.add %24, %25 : (tensor<1x8x24xf32>, tensor<8x1xf32>) -> tensor<1x8x24xf32>
  %27 = quern.parameter "l1.gate" : tensor<8x8x2xf32>
  %28 = quern.conv %22, %27 strides [1] dilations [2] pad [2] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x2xf32>) -> tensor<1x8x24xf32>
  %29 = quern.parameter "l1.speaker" : tensor<8x8xf32>
  %30 = quern.contract %speaker [0, 1], %29 [2, 1] -> [0, 2] : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32>
  %31 = quern.reshape %30 to [1, 8, 1] : (tensor<1x8xf32>) -> tensor<1x8x1xf32>
  %32 = quern.add %28, %31 : (tensor<1x8x24xf32>, tensor<1x8x1xf32>) -> tensor<1x8x24xf32>
  %33 = quern.add %32, %local : (tensor<1x8x24xf32>, tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %34 = quern.tanh %26 : (tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %35 = quern.sigmoid %33 : (tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %36 = quern.mul %34, %35 : (tensor<1x8x24xf32>, tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %37 = quern.parameter "l1.skip" : tensor<8x8x1xf32>
  %38 = quern.conv %36, %37 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x1xf32>) -> tensor<1x8x24xf32>
  %39 = quern.add %19, %38 : (tensor<1x8x24xf32>, tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %40 = quern.parameter "l1.out" : tensor<8x8x1xf32>
  %41 = quern.conv %36, %40 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x8x24xf32>, tensor<8x8x1xf32>) -> tensor<1x8x24xf32>
  %42 = quern.add %22, %41 : (tensor<1x8x24xf32>, tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %43 = quern.relu %39 : (tensor<1x8x24xf32>) -> tensor<1x8x24xf32>
  %44 = quern.parameter "head" : tensor<5x8x1xf32>
  %45 = quern.conv %43, %44 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x8x24xf32>, tensor<5x8x1xf32>) -> tensor<1x5x24xf32>
  return %45 : tensor<1x5x24xf32>
}
