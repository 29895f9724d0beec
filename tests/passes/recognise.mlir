// RUN: quern-opt --recognise %s | FileCheck %s

// CHECK-LABEL: func.func @softmax
// CHECK-SAME: %[[X:.*]]: tensor<2x5xf32>
func.func @softmax(%x: tensor<2x5xf32>) -> tensor<2x5xf32> {
  // CHECK-NEXT: %[[Y:.*]] = quern.softmax %[[X]] over 1
  // CHECK-NEXT: return %[[Y]]
  %max = quern.reduce max %x over [1] keep true : (tensor<2x5xf32>) -> tensor<2x1xf32>
  %0 = quern.sub %x, %max : (tensor<2x5xf32>, tensor<2x1xf32>) -> tensor<2x5xf32>
  %1 = quern.exp %0 : (tensor<2x5xf32>) -> tensor<2x5xf32>
  %sum = quern.reduce sum %1 over [1] keep true : (tensor<2x5xf32>) -> tensor<2x1xf32>
  %2 = quern.div %1, %sum : (tensor<2x5xf32>, tensor<2x1xf32>) -> tensor<2x5xf32>
  return %2 : tensor<2x5xf32>
}

// The reduced axis may come back by a reshape or a broadcast.
// CHECK-LABEL: func.func @reshaped
func.func @reshaped(%x: tensor<2x5xf32>) -> tensor<2x5xf32> {
  // CHECK-NEXT: quern.softmax %{{.*}} over 0
  %max = quern.reduce max %x over [0] : (tensor<2x5xf32>) -> tensor<5xf32>
  %0 = quern.sub %x, %max : (tensor<2x5xf32>, tensor<5xf32>) -> tensor<2x5xf32>
  %1 = quern.exp %0 : (tensor<2x5xf32>) -> tensor<2x5xf32>
  %sum = quern.reduce sum %1 over [0] : (tensor<2x5xf32>) -> tensor<5xf32>
  %kept = quern.reshape %sum to [1, 5] : (tensor<5xf32>) -> tensor<1x5xf32>
  %wide = quern.broadcast %kept to [2, 5] : (tensor<1x5xf32>) -> tensor<2x5xf32>
  %2 = quern.div %1, %wide : (tensor<2x5xf32>, tensor<2x5xf32>) -> tensor<2x5xf32>
  return %2 : tensor<2x5xf32>
}

// Maximum and sum along different axes are something else.
// CHECK-LABEL: func.func @other
func.func @other(%x: tensor<5x5xf32>) -> tensor<5x5xf32> {
  // CHECK-NOT: quern.softmax
  %max = quern.reduce max %x over [0] keep true : (tensor<5x5xf32>) -> tensor<1x5xf32>
  %0 = quern.sub %x, %max : (tensor<5x5xf32>, tensor<1x5xf32>) -> tensor<5x5xf32>
  %1 = quern.exp %0 : (tensor<5x5xf32>) -> tensor<5x5xf32>
  %sum = quern.reduce sum %1 over [1] keep true : (tensor<5x5xf32>) -> tensor<5x1xf32>
  %2 = quern.div %1, %sum : (tensor<5x5xf32>, tensor<5x1xf32>) -> tensor<5x5xf32>
  return %2 : tensor<5x5xf32>
}
