// Pooling that looks ahead, as a stream: what lies beyond the end does not count.
func.func @pooled_ahead(%arg0: tensor<2x3x20xf32> {quern.name = "x"}) -> (tensor<2x2x20xf32> {quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>, quern.latency = 3 : i64, quern.model, test.further_elements = 1440 : i64} {
  %0 = quern.parameter "conv1.weight" : tensor<4x3x2xf32>
  %1 = quern.conv %arg0, %0 strides [1] dilations [1] pad [1] [0] groups 1 : (tensor<2x3x20xf32>, tensor<4x3x2xf32>) -> tensor<2x4x20xf32>
  %2 = quern.parameter "conv1.bias" : tensor<4xf32>
  %3 = quern.reshape %2 to [1, 4, 1] : (tensor<4xf32>) -> tensor<1x4x1xf32>
  %4 = quern.add %1, %3 : (tensor<2x4x20xf32>, tensor<1x4x1xf32>) -> tensor<2x4x20xf32>
  %5 = quern.window_reduce  max %4 window [3] strides [1] dilations [1] pad [1] [1] : (tensor<2x4x20xf32>) -> tensor<2x4x20xf32>
  %6 = quern.window_reduce  mean %5 window [5] strides [1] dilations [1] pad [2] [2] : (tensor<2x4x20xf32>) -> tensor<2x4x20xf32>
  %7 = quern.parameter "out.weight" : tensor<2x4x1xf32>
  %8 = quern.conv %6, %7 strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<2x4x20xf32>, tensor<2x4x1xf32>) -> tensor<2x2x20xf32>
  %9 = quern.parameter "out.bias" : tensor<2xf32>
  %10 = quern.reshape %9 to [1, 2, 1] : (tensor<2xf32>) -> tensor<1x2x1xf32>
  %11 = quern.add %8, %10 : (tensor<2x2x20xf32>, tensor<1x2x1xf32>) -> tensor<2x2x20xf32>
  return %11 : tensor<2x2x20xf32>
}
