// RUN: quern-opt --split-input-file --choose-layout %s | FileCheck %s

// Images around convolutions have channels last; what the model takes and returns is row-major, and so is what is only
// flattened.
// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %v: tensor<4x4x1x1xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x64xf32>, tensor<1x4xf32>) attributes {quern.model} {
  // CHECK: quern.conv {{.*}} -> tensor<1x4x8x8xf32, #quern.layout<[0, 2, 3, 1]>>
  // CHECK: quern.relu {{.*}} -> tensor<1x4x8x8xf32, #quern.layout<[0, 2, 3, 1]>>
  // CHECK: quern.add {{.*}} -> tensor<1x4x8x8xf32>
  // CHECK: quern.window_reduce {{.*}} -> tensor<1x4x4x4xf32>
  // CHECK: quern.reshape {{.*}} -> tensor<1x64xf32>
  // CHECK: quern.reduce mean {{.*}} -> tensor<1x4xf32>
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  %1 = quern.relu %0 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %2 = quern.add %1, %0 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %3 = quern.window_reduce max %1 window [2, 2] strides [2, 2] dilations [1, 1] pad [0, 0] [0, 0] : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  %4 = quern.reshape %3 to [1, 64] : (tensor<1x4x4x4xf32>) -> tensor<1x64xf32>
  %5 = quern.reduce mean %1 over [2, 3] : (tensor<1x4x8x8xf32>) -> tensor<1x4xf32>
  return %2, %4, %5 : tensor<1x4x8x8xf32>, tensor<1x64xf32>, tensor<1x4xf32>
}

// -----

// Nothing spatial: row-major.
// CHECK-LABEL: func.func @other
// CHECK: quern.exp {{.*}} -> tensor<2x3x4xf32>{{$}}
func.func @other(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> attributes {quern.model} {
  %0 = quern.exp %x : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// Many channels: copied on the way in, once, and on the way out.
// CHECK-LABEL: func.func @many
// CHECK: %[[X:.*]] = quern.reshape %arg0 to [1, 8, 8, 8] {{.*}} -> tensor<1x8x8x8xf32, #quern.layout<[0, 2, 3, 1]>>
// CHECK-NOT: quern.reshape
// CHECK: %[[Y:.*]] = quern.conv %[[X]]
// CHECK: %[[Z:.*]] = quern.conv %[[X]]
// CHECK: %[[SUM:.*]] = quern.add %[[Y]], %[[Z]] {{.*}} -> tensor<1x8x8x8xf32, #quern.layout<[0, 2, 3, 1]>>
// CHECK: %[[R:.*]] = quern.reshape %[[SUM]] to [1, 8, 8, 8] {{.*}} -> tensor<1x8x8x8xf32>
// CHECK: return %[[R]]
func.func @many(%x: tensor<1x8x8x8xf32>, %w: tensor<8x8x3x3xf32>, %v: tensor<8x8x3x3xf32>) -> tensor<1x8x8x8xf32> attributes {quern.model} {
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x8x8xf32>
  %1 = quern.conv %x, %v strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x8x8xf32>
  %2 = quern.add %0, %1 : (tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %2 : tensor<1x8x8x8xf32>
}
