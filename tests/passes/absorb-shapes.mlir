// RUN: quern-opt --absorb-shapes %s | FileCheck %s

// CHECK-LABEL: func.func @transposes
// CHECK-SAME: %[[A:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<4x3xf32>
func.func @transposes(%a: tensor<2x3xf32>, %b: tensor<4x3xf32>) -> tensor<4x2xf32> {
  // CHECK-NEXT: quern.contract %[[A]] [0, 1], %[[B]] [2, 1] -> [2, 0]
  // CHECK-NEXT: return
  %0 = quern.transpose %b by [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %1 = quern.contract %a [0, 1], %0 [1, 2] -> [0, 2] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %2 = quern.transpose %1 by [1, 0] : (tensor<2x4xf32>) -> tensor<4x2xf32>
  return %2 : tensor<4x2xf32>
}

// CHECK-LABEL: func.func @pad
func.func @pad(%x: tensor<1x2x4x4xf32>, %w: tensor<2x2x3x3xf32>) -> tensor<1x2x5x4xf32> {
  // CHECK-NOT: quern.pad
  // CHECK: quern.conv %{{.*}}, %{{.*}} strides [1, 1] dilations [1, 1] pad [2, 1] [1, 1]
  %0 = quern.pad %x low [0, 0, 1, 0] high [0, 0, 1, 1] with 0.0 : (tensor<1x2x4x4xf32>) -> tensor<1x2x6x5xf32>
  %1 = quern.conv %0, %w strides [1, 1] dilations [1, 1] pad [1, 1] [0, 0] groups 1 : (tensor<1x2x6x5xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x5x4xf32>
  return %1 : tensor<1x2x5x4xf32>
}

// A pad with another value, or of channels, stays.
// CHECK-LABEL: func.func @other_pad
func.func @other_pad(%x: tensor<1x2x4x4xf32>, %w: tensor<2x2x1x1xf32>) -> tensor<1x2x5x4xf32> {
  // CHECK: quern.pad
  %0 = quern.pad %x low [0, 0, 1, 0] high [0, 0, 0, 0] with 1.0 : (tensor<1x2x4x4xf32>) -> tensor<1x2x5x4xf32>
  %1 = quern.conv %0, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x2x5x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x5x4xf32>
  return %1 : tensor<1x2x5x4xf32>
}

// A broadcast goes where it does not shape the result, and stays where it does.
// CHECK-LABEL: func.func @broadcasts
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>, %[[S:.*]]: tensor<3xf32>
func.func @broadcasts(%x: tensor<2x3xf32>, %s: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  // CHECK: quern.add %[[X]], %[[S]] :
  // CHECK: %[[WIDE:.*]] = quern.broadcast %[[S]]
  // CHECK: quern.mul %[[WIDE]], %[[S]]
  %0 = quern.broadcast %s to [2, 3] : (tensor<3xf32>) -> tensor<2x3xf32>
  %1 = quern.add %x, %0 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = quern.broadcast %s to [2, 3] : (tensor<3xf32>) -> tensor<2x3xf32>
  %3 = quern.mul %2, %s : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %1, %3 : tensor<2x3xf32>, tensor<2x3xf32>
}
