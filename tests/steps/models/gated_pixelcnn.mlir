// A vertical stack, row by row, beside a horizontal one (van den Oord et al. 2016b).
func.func @gated_pixelcnn(%x: tensor<2x1x5x6xf32> {quern.name = "x"}) -> (tensor<2x3x5x6xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 1, levels = 3, components = 1, range = [0.0, 1.0]>})
    attributes {test.further_elements = -2880 : i64, quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %1 = quern.pad %x low [0, 0, 1, 0] high [0, 0, 0, 0] with 0.0 : (tensor<2x1x5x6xf32>) -> tensor<2x1x6x6xf32>
  %2 = quern.slice %1 from [0, 0, 0, 0] sizes [2, 1, 5, 6] strides [1, 1, 1, 1] : (tensor<2x1x6x6xf32>) -> tensor<2x1x5x6xf32>
  %3 = quern.parameter "v_in" : tensor<6x1x2x3xf32>
  %4 = quern.conv %2, %3 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<2x1x5x6xf32>, tensor<6x1x2x3xf32>) -> tensor<2x6x5x6xf32>
  %5 = quern.pad %x low [0, 0, 0, 1] high [0, 0, 0, 0] with 0.0 : (tensor<2x1x5x6xf32>) -> tensor<2x1x5x7xf32>
  %6 = quern.slice %5 from [0, 0, 0, 0] sizes [2, 1, 5, 6] strides [1, 1, 1, 1] : (tensor<2x1x5x7xf32>) -> tensor<2x1x5x6xf32>
  %7 = quern.parameter "h_in" : tensor<6x1x1x2xf32>
  %8 = quern.conv %6, %7 strides [1, 1] dilations [1, 1] pad [0, 1] [0, 0] groups 1 : (tensor<2x1x5x6xf32>, tensor<6x1x1x2xf32>) -> tensor<2x6x5x6xf32>
  %9 = quern.parameter "v0" : tensor<12x6x2x3xf32>
  %10 = quern.conv %4, %9 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<2x6x5x6xf32>, tensor<12x6x2x3xf32>) -> tensor<2x12x5x6xf32>
  %11 = quern.parameter "h0" : tensor<12x6x1x2xf32>
  %12 = quern.conv %8, %11 strides [1, 1] dilations [1, 1] pad [0, 1] [0, 0] groups 1 : (tensor<2x6x5x6xf32>, tensor<12x6x1x2xf32>) -> tensor<2x12x5x6xf32>
  %13 = quern.parameter "vh0" : tensor<12x12x1x1xf32>
  %14 = quern.conv %10, %13 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x12x5x6xf32>, tensor<12x12x1x1xf32>) -> tensor<2x12x5x6xf32>
  %15 = quern.add %12, %14 : (tensor<2x12x5x6xf32>, tensor<2x12x5x6xf32>) -> tensor<2x12x5x6xf32>
  %16 = quern.slice %10 from [0, 0, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %17 = quern.tanh %16 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %18 = quern.slice %10 from [0, 6, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %19 = quern.sigmoid %18 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %20 = quern.mul %17, %19 : (tensor<2x6x5x6xf32>, tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %21 = quern.slice %15 from [0, 0, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %22 = quern.tanh %21 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %23 = quern.slice %15 from [0, 6, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %24 = quern.sigmoid %23 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %25 = quern.mul %22, %24 : (tensor<2x6x5x6xf32>, tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %26 = quern.parameter "r0" : tensor<6x6x1x1xf32>
  %27 = quern.conv %25, %26 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x6x5x6xf32>, tensor<6x6x1x1xf32>) -> tensor<2x6x5x6xf32>
  %28 = quern.add %8, %27 : (tensor<2x6x5x6xf32>, tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %29 = quern.parameter "v1" : tensor<12x6x2x3xf32>
  %30 = quern.conv %20, %29 strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<2x6x5x6xf32>, tensor<12x6x2x3xf32>) -> tensor<2x12x5x6xf32>
  %31 = quern.parameter "h1" : tensor<12x6x1x2xf32>
  %32 = quern.conv %28, %31 strides [1, 1] dilations [1, 1] pad [0, 1] [0, 0] groups 1 : (tensor<2x6x5x6xf32>, tensor<12x6x1x2xf32>) -> tensor<2x12x5x6xf32>
  %33 = quern.parameter "vh1" : tensor<12x12x1x1xf32>
  %34 = quern.conv %30, %33 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x12x5x6xf32>, tensor<12x12x1x1xf32>) -> tensor<2x12x5x6xf32>
  %35 = quern.add %32, %34 : (tensor<2x12x5x6xf32>, tensor<2x12x5x6xf32>) -> tensor<2x12x5x6xf32>
  %36 = quern.slice %30 from [0, 0, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %37 = quern.tanh %36 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %38 = quern.slice %30 from [0, 6, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %39 = quern.sigmoid %38 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %40 = quern.mul %37, %39 : (tensor<2x6x5x6xf32>, tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %41 = quern.slice %35 from [0, 0, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %42 = quern.tanh %41 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %43 = quern.slice %35 from [0, 6, 0, 0] sizes [2, 6, 5, 6] strides [1, 1, 1, 1] : (tensor<2x12x5x6xf32>) -> tensor<2x6x5x6xf32>
  %44 = quern.sigmoid %43 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %45 = quern.mul %42, %44 : (tensor<2x6x5x6xf32>, tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %46 = quern.parameter "r1" : tensor<6x6x1x1xf32>
  %47 = quern.conv %45, %46 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x6x5x6xf32>, tensor<6x6x1x1xf32>) -> tensor<2x6x5x6xf32>
  %48 = quern.add %28, %47 : (tensor<2x6x5x6xf32>, tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %49 = quern.relu %48 : (tensor<2x6x5x6xf32>) -> tensor<2x6x5x6xf32>
  %50 = quern.parameter "out" : tensor<3x6x1x1xf32>
  %51 = quern.conv %49, %50 strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x6x5x6xf32>, tensor<3x6x1x1xf32>) -> tensor<2x3x5x6xf32>
  return %51 : tensor<2x3x5x6xf32>
}
