// RUN: quern-opt --simplify %s | FileCheck %s

// Batch norm after a convolution becomes a scale of the weights and one bias.
// CHECK-LABEL: func.func @batch_norm
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x8x8xf32>)
func.func @batch_norm(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32> attributes {quern.model} {
  // CHECK: %[[W:.*]] = quern.parameter "w"
  // CHECK-NOT: quern.sub
  // CHECK: %[[SCALED:.*]] = quern.mul %[[W]], %{{.*}} : (tensor<4x3x3x3xf32>, tensor<4x1x1x1xf32>)
  // CHECK: %[[Y:.*]] = quern.conv %[[X]], %[[SCALED]]
  // CHECK: %[[BIASED:.*]] = quern.add %[[Y]], %{{.*}} : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>)
  // CHECK: %[[R:.*]] = quern.relu %[[BIASED]]
  // CHECK: return %[[R]]
  %w = quern.parameter "w" : tensor<4x3x3x3xf32>
  %mean = quern.parameter "running_mean" : tensor<4xf32>
  %var = quern.parameter "running_var" : tensor<4xf32>
  %gamma = quern.parameter "weight" : tensor<4xf32>
  %beta = quern.parameter "bias" : tensor<4xf32>
  %eps = quern.constant dense<1.0e-3> : tensor<f32>
  %m = quern.reshape %mean to [4, 1, 1] : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %v = quern.reshape %var to [4, 1, 1] : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %g = quern.reshape %gamma to [4, 1, 1] : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %b = quern.reshape %beta to [4, 1, 1] : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  %1 = quern.sub %0, %m : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = quern.add %v, %eps : (tensor<4x1x1xf32>, tensor<f32>) -> tensor<4x1x1xf32>
  %3 = quern.rsqrt %2 : (tensor<4x1x1xf32>) -> tensor<4x1x1xf32>
  %4 = quern.mul %1, %3 : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %5 = quern.mul %4, %g : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %6 = quern.add %5, %b : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %7 = quern.relu %6 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return %7 : tensor<1x4x8x8xf32>
}

// The same in a contraction, on either side, divided.
// CHECK-LABEL: func.func @contract
func.func @contract(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
  // CHECK: quern.mul %{{.*}}, %{{.*}} : (tensor<4x3xf32>, tensor<4x1xf32>) -> tensor<4x3xf32>
  // CHECK: %[[Y:.*]] = quern.contract
  // CHECK-NEXT: return %[[Y]]
  %w = quern.parameter "w" : tensor<4x3xf32>
  %s = quern.parameter "s" : tensor<4xf32>
  %0 = quern.contract %x [0, 1], %w [2, 1] -> [0, 2] : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  %1 = quern.div %0, %s : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// A scale that varies along the pixels stays outside, and so does that of a convolution others read.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: tensor<1x3x8x8xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) {
  // CHECK: %[[W:.*]] = quern.parameter "w"
  // CHECK: quern.conv %{{.*}}, %[[W]] strides
  // CHECK: quern.conv %{{.*}}, %[[W]] strides
  %w = quern.parameter "w" : tensor<4x3x1x1xf32>
  %pixels = quern.parameter "pixels" : tensor<8x8xf32>
  %one = quern.parameter "one" : tensor<1xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = quern.mul %0, %pixels : (tensor<1x4x8x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8x8xf32>
  %2 = quern.conv %x, %w strides [1, 1] dilations [2, 2] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %3 = quern.mul %2, %one : (tensor<1x4x8x8xf32>, tensor<1xf32>) -> tensor<1x4x8x8xf32>
  return %1, %2, %3 : tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>
}

// Constants join: ((x + 1) + 2) - 3.5, and splats are folded.
// CHECK-LABEL: func.func @joins
func.func @joins(%x: tensor<5xf32>) -> tensor<5xf32> {
  // CHECK: %[[C:.*]] = quern.constant dense<-5.000000e-01> : tensor<f32>
  // CHECK-NEXT: %[[Y:.*]] = quern.add %{{.*}}, %[[C]]
  // CHECK-NEXT: return %[[Y]]
  %one = quern.constant dense<1.0> : tensor<f32>
  %two = quern.constant dense<2.0> : tensor<f32>
  %three = quern.constant dense<3.5> : tensor<f32>
  %0 = quern.add %one, %x : (tensor<f32>, tensor<5xf32>) -> tensor<5xf32>
  %1 = quern.add %0, %two : (tensor<5xf32>, tensor<f32>) -> tensor<5xf32>
  %2 = quern.sub %1, %three : (tensor<5xf32>, tensor<f32>) -> tensor<5xf32>
  return %2 : tensor<5xf32>
}

// A scale before the weights goes into them too.
// CHECK-LABEL: func.func @before
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
func.func @before(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
  // CHECK: quern.contract %[[X]] [0, 1], %{{.*}} [2, 1] -> [0, 2]
  // CHECK-NEXT: return
  %w = quern.parameter "w" : tensor<4x3xf32>
  %s = quern.constant dense<16.0> : tensor<f32>
  %0 = quern.div %x, %s : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %1 = quern.contract %0 [0, 1], %w [2, 1] -> [0, 2] : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}
