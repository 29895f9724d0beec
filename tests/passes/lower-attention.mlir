// RUN: quern-opt --lower-attention %s | FileCheck %s

// CHECK-LABEL: func.func @attention
// CHECK-SAME: %[[Q:.*]]: tensor<1x2x3x4xf32>, %[[K:.*]]: tensor<1x2x5x4xf32>, %[[V:.*]]: tensor<1x2x5x6xf32>
func.func @attention(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32> {
  // CHECK: %[[S:.*]] = quern.contract %[[Q]] [0, 1, 2, 3], %[[K]] [0, 1, 4, 3] -> [0, 1, 2, 4]
  // CHECK: %[[SCALED:.*]] = quern.mul %[[S]],
  // CHECK: %[[P:.*]] = quern.softmax %[[SCALED]] over 3
  // CHECK: %[[Y:.*]] = quern.contract %[[P]] [0, 1, 2, 4], %[[V]] [0, 1, 4, 3] -> [0, 1, 2, 3]
  // CHECK: return %[[Y]]
  %0 = quern.attention %q, %k, %v scale 0.5 : (tensor<1x2x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32>
  return %0 : tensor<1x2x3x6xf32>
}

// What the mask rules out is the lowest number before the softmax, and zero after it.
// CHECK-LABEL: func.func @masked
// CHECK-SAME: %[[M:[a-z0-9]*]]: tensor<3x5xi1>
func.func @masked(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x6xf32>, %m: tensor<3x5xi1>) -> tensor<1x2x3x6xf32> {
  // CHECK-DAG: %[[LOWEST:.*]] = quern.constant dense<-3.40282347E+38>
  // CHECK-DAG: %[[ZERO:.*]] = quern.constant dense<0.000000e+00>
  // CHECK: %[[S:.*]] = quern.select %[[M]], %{{.*}}, %[[LOWEST]]
  // CHECK: %[[P:.*]] = quern.softmax %[[S]] over 3
  // CHECK: quern.select %[[M]], %[[P]], %[[ZERO]]
  %0 = quern.attention %q, %k, %v mask %m scale 0.5 : (tensor<1x2x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32>, tensor<3x5xi1>) -> tensor<1x2x3x6xf32>
  return %0 : tensor<1x2x3x6xf32>
}
