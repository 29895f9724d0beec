// RUN: quern-opt --join-products %s | FileCheck %s

// Skip connections: one product, one bias, then what is no product.
// CHECK-LABEL: func.func @skips
// CHECK-SAME: (%[[A:.*]]: tensor<1x1x4xf32>, %[[B:.*]]: tensor<2x1x3xf32>, %[[X:.*]]: tensor<1x8x1xf32>)
func.func @skips(%a: tensor<1x1x4xf32>, %b: tensor<2x1x3xf32>, %x: tensor<1x8x1xf32>) -> tensor<1x8x1xf32> {
  // CHECK: %[[W:.*]] = quern.concat %{{.*}}, %{{.*}} along 0
  // CHECK-NEXT: %[[DOT:.*]] = quern.segment_dot(%[[A]], %[[B]]), %[[W]] rank 3
  // CHECK-NEXT: %[[BIAS:.*]] = quern.add %{{.*}}, %{{.*}} : (tensor<8x1xf32>, tensor<8x1xf32>)
  // CHECK-NEXT: %[[REST:.*]] = quern.add %[[DOT]], %[[X]]
  // CHECK-NEXT: %[[SUM:.*]] = quern.add %[[REST]], %[[BIAS]]
  // CHECK-NEXT: return %[[SUM]]
  %v = quern.parameter "v" : tensor<4x8xf32>
  %w = quern.parameter "w" : tensor<6x8xf32>
  %c = quern.parameter "c" : tensor<8x1xf32>
  %d = quern.parameter "d" : tensor<8x1xf32>
  %0 = quern.segment_dot(%a), %v rank 3 : (tensor<1x1x4xf32>, tensor<4x8xf32>) -> tensor<1x8x1xf32>
  %1 = quern.add %0, %c : (tensor<1x8x1xf32>, tensor<8x1xf32>) -> tensor<1x8x1xf32>
  %2 = quern.add %1, %x : (tensor<1x8x1xf32>, tensor<1x8x1xf32>) -> tensor<1x8x1xf32>
  %3 = quern.segment_dot(%b), %w rank 3 : (tensor<2x1x3xf32>, tensor<6x8xf32>) -> tensor<1x8x1xf32>
  %4 = quern.add %3, %d : (tensor<1x8x1xf32>, tensor<8x1xf32>) -> tensor<1x8x1xf32>
  %5 = quern.add %2, %4 : (tensor<1x8x1xf32>, tensor<1x8x1xf32>) -> tensor<1x8x1xf32>
  return %5 : tensor<1x8x1xf32>
}

// A product that is read elsewhere, too, stays.
// CHECK-LABEL: func.func @read_twice
func.func @read_twice(%a: tensor<1x1x4xf32>) -> (tensor<1x8x1xf32>, tensor<1x8x1xf32>) {
  // CHECK-COUNT-2: quern.segment_dot
  // CHECK: quern.add
  %v = quern.parameter "v" : tensor<4x8xf32>
  %w = quern.parameter "w" : tensor<4x8xf32>
  %0 = quern.segment_dot(%a), %v rank 3 : (tensor<1x1x4xf32>, tensor<4x8xf32>) -> tensor<1x8x1xf32>
  %1 = quern.segment_dot(%a), %w rank 3 : (tensor<1x1x4xf32>, tensor<4x8xf32>) -> tensor<1x8x1xf32>
  %2 = quern.add %0, %1 : (tensor<1x8x1xf32>, tensor<1x8x1xf32>) -> tensor<1x8x1xf32>
  return %0, %2 : tensor<1x8x1xf32>, tensor<1x8x1xf32>
}

// Sums that another sum widens are not taken apart.
// CHECK-LABEL: func.func @widened
func.func @widened(%a: tensor<1x1x4xf32>, %x: tensor<1x8x3xf32>) -> tensor<1x8x3xf32> {
  // CHECK: quern.segment_dot
  // CHECK-NOT: quern.concat
  %v = quern.parameter "v" : tensor<4x8xf32>
  %0 = quern.segment_dot(%a), %v rank 3 : (tensor<1x1x4xf32>, tensor<4x8xf32>) -> tensor<1x8x1xf32>
  %1 = quern.add %0, %x : (tensor<1x8x1xf32>, tensor<1x8x3xf32>) -> tensor<1x8x3xf32>
  %2 = quern.segment_dot(%a), %v rank 3 : (tensor<1x1x4xf32>, tensor<4x8xf32>) -> tensor<1x8x1xf32>
  %3 = quern.add %1, %2 : (tensor<1x8x3xf32>, tensor<1x8x1xf32>) -> tensor<1x8x3xf32>
  return %3 : tensor<1x8x3xf32>
}
