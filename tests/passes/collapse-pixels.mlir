// RUN: quern-opt --split-input-file --collapse-pixels %s | FileCheck %s

// The pixels of a pointwise convolution and of its residual become one axis; the bias has none.
// CHECK-LABEL: func.func @pointwise
// CHECK-DAG: %[[X:.*]] = quern.reshape %arg0 to [2, 3, 1, 64]
// CHECK-DAG: %[[R:.*]] = quern.reshape %arg3 to [2, 4, 1, 64]
// CHECK: %[[Y:.*]] = quern.fused(%[[XI:.*]] = %[[X]], %[[WI:.*]] = %arg1, %[[BI:.*]] = %arg2, %[[RI:.*]] = %[[R]])
// CHECK: quern.conv %[[XI]], %[[WI]] {{.*}} -> tensor<2x4x1x64xf32, #quern.layout<[0, 2, 3, 1]>>
// CHECK: quern.add %{{.*}}, %[[BI]]
// CHECK: quern.add %{{.*}}, %[[RI]]
// CHECK: quern.reshape %[[Y]] to [2, 4, 8, 8]
#nhwc = #quern.layout<[0, 2, 3, 1]>
func.func @pointwise(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %b: tensor<4x1x1xf32>, %r: tensor<2x4x8x8xf32>) -> tensor<2x4xf32> attributes {quern.model} {
  %0 = quern.fused(%a = %x, %c = %w, %d = %b, %e = %r) : (tensor<2x3x8x8xf32>, tensor<4x3x1x1xf32>, tensor<4x1x1xf32>, tensor<2x4x8x8xf32>) -> tensor<2x4x8x8xf32, #nhwc> {
    %1 = quern.conv %a, %c strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<2x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<2x4x8x8xf32, #nhwc>
    %2 = quern.add %1, %d : (tensor<2x4x8x8xf32, #nhwc>, tensor<4x1x1xf32>) -> tensor<2x4x8x8xf32, #nhwc>
    %3 = quern.add %2, %e : (tensor<2x4x8x8xf32, #nhwc>, tensor<2x4x8x8xf32>) -> tensor<2x4x8x8xf32, #nhwc>
    quern.yield %3 : tensor<2x4x8x8xf32, #nhwc>
  }
  %4 = quern.fused(%a = %0) : (tensor<2x4x8x8xf32, #nhwc>) -> tensor<2x4xf32> {
    %5 = quern.reduce mean %a over [2, 3] : (tensor<2x4x8x8xf32, #nhwc>) -> tensor<2x4xf32>
    quern.yield %5 : tensor<2x4xf32>
  }
  return %4 : tensor<2x4xf32>
}

// -----

// Strides, padding and operands that differ along one spatial axis alone are in the way.
// CHECK-LABEL: func.func @in_the_way
// CHECK-NOT: quern.reshape
func.func @in_the_way(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %row: tensor<8xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x4x8x8xf32>) attributes {quern.model} {
  %0 = quern.fused(%a = %x, %c = %w) : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x4x4xf32> {
    %1 = quern.conv %a, %c strides [2, 2] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x4x4xf32>
    quern.yield %1 : tensor<1x4x4x4xf32>
  }
  %2 = quern.fused(%a = %x, %c = %w, %d = %row) : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>, tensor<8xf32>) -> tensor<1x4x8x8xf32> {
    %3 = quern.conv %a, %c strides [1, 1] dilations [1, 1] pad [0, 0] [0, 0] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
    %4 = quern.add %3, %d : (tensor<1x4x8x8xf32>, tensor<8xf32>) -> tensor<1x4x8x8xf32>
    quern.yield %4 : tensor<1x4x8x8xf32>
  }
  return %0, %2 : tensor<1x4x4x4xf32>, tensor<1x4x8x8xf32>
}

// -----

// So do the pixels of a copy in another order.
// CHECK-LABEL: func.func @copy
// CHECK: %[[X:.*]] = quern.reshape %arg0 to [1, 16, 1, 64]
// CHECK: quern.fused(%[[XI:.*]] = %[[X]])
// CHECK: quern.reshape %[[XI]] to [1, 16, 1, 64] {{.*}} -> tensor<1x16x1x64xf32, #quern.layout<[0, 2, 3, 1]>>
#last = #quern.layout<[0, 2, 3, 1]>
func.func @copy(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32, #last> attributes {quern.model} {
  %0 = quern.fused(%a = %x) : (tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32, #last> {
    %1 = quern.reshape %a to [1, 16, 8, 8] : (tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32, #last>
    quern.yield %1 : tensor<1x16x8x8xf32, #last>
  }
  return %0 : tensor<1x16x8x8xf32, #last>
}
