// RUN: quern-opt --canonicalize %s | FileCheck %s

// What changes nothing goes away.
// CHECK-LABEL: func.func @identities
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK-NEXT: return %[[X]] :
func.func @identities(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %zero = quern.constant dense<0.0> : tensor<f32>
  %one = quern.constant dense<1.0> : tensor<f32>
  %0 = quern.add %x, %zero : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %1 = quern.sub %0, %zero : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = quern.mul %one, %1 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = quern.div %2, %one : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = quern.cast %3 to f32 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = quern.transpose %4 by [0, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = quern.broadcast %5 to [2, 3] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = quern.slice %6 from [0, 0] sizes [2, 3] strides [1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %8 = quern.pad %7 low [0, 0] high [0, 0] with 1.0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %9 = quern.concat %8 along 1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %10 = quern.reshape %9 to [6] : (tensor<2x3xf32>) -> tensor<6xf32>
  %11 = quern.reshape %10 to [2, 3] : (tensor<6xf32>) -> tensor<2x3xf32>
  return %11 : tensor<2x3xf32>
}

// An identity that widens the result stays, and so does a slice that skips.
// CHECK-LABEL: func.func @stays
// CHECK: quern.add
// CHECK: quern.slice
func.func @stays(%x: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<1xf32>) {
  %zeros = quern.constant dense<0.0> : tensor<2x1xf32>
  %0 = quern.add %x, %zeros : (tensor<3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %1 = quern.slice %x from [1] sizes [1] strides [1] : (tensor<3xf32>) -> tensor<1xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<1xf32>
}

// A slice of nothing but padding is a constant; one that takes an element of the input is not.
// CHECK-LABEL: func.func @shifted_away
// CHECK-DAG: %[[ZEROS:.*]] = quern.constant dense<0.000000e+00> : tensor<1x1xf32>
// CHECK-DAG: %[[PADDED:.*]] = quern.pad
// CHECK-DAG: %[[KEPT:.*]] = quern.slice %[[PADDED]] from [0, 1]
// CHECK: return %[[ZEROS]], %[[KEPT]]
func.func @shifted_away(%x: tensor<1x1xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %0 = quern.pad %x low [0, 1] high [0, 0] with 0.0 : (tensor<1x1xf32>) -> tensor<1x2xf32>
  %1 = quern.slice %0 from [0, 0] sizes [1, 1] strides [1, 1] : (tensor<1x2xf32>) -> tensor<1x1xf32>
  %2 = quern.slice %0 from [0, 1] sizes [1, 1] strides [1, 1] : (tensor<1x2xf32>) -> tensor<1x1xf32>
  return %1, %2 : tensor<1x1xf32>, tensor<1x1xf32>
}
