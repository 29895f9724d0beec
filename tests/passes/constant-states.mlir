// RUN: quern-opt --split-input-file --hoist-weights --constant-states --verify-stage=stage=hoisted %s | FileCheck %s

// A weight that is all of a state is that state; one that fills a part of it, a computed value, and a second state of the same weight
// are still written.
// CHECK-LABEL: func.func private @prepare() -> (tensor<3xf32>, tensor<4x3xf32>)
// CHECK: func.func @step(%[[INPUT:.*]]: tensor<3xf32> {quern.binding = {is_fixed = true, offset = 0 : i64, state = 0 : i64}},
// CHECK-SAME: %[[BIAS:.*]]: tensor<3xf32> {quern.weight = 0 : i64},
// CHECK-SAME: %[[TABLE:.*]]: tensor<4x3xf32> {quern.binding = {is_all = true, is_fixed = true, offset = 0 : i64, state = 1 : i64}, quern.weight = 1 : i64})
// CHECK-SAME: -> (tensor<4x3xf32> {quern.binding = {is_all = true, is_fixed = true, offset = 0 : i64, state = 2 : i64}},
// CHECK-SAME: tensor<3xf32> {quern.binding = {is_fixed = false, offset = -12 : i64, state = 3 : i64}},
// CHECK-SAME: tensor<3xf32> {quern.binding = {is_all = true, is_fixed = true, offset = 0 : i64, state = 4 : i64}})
// CHECK: %[[SUM:.*]] = quern.add %[[INPUT]], %[[BIAS]]
// CHECK: return %[[TABLE]], %[[BIAS]], %[[SUM]]
func.func @step(%x: tensor<3xf32> {quern.binding = {is_fixed = true, offset = 0 : i64, state = 0 : i64}})
    -> (tensor<4x3xf32> {quern.binding = {is_all = true, is_fixed = true, offset = 0 : i64, state = 1 : i64}},
        tensor<4x3xf32> {quern.binding = {is_all = true, is_fixed = true, offset = 0 : i64, state = 2 : i64}},
        tensor<3xf32> {quern.binding = {is_fixed = false, offset = -12 : i64, state = 3 : i64}},
        tensor<3xf32> {quern.binding = {is_all = true, is_fixed = true, offset = 0 : i64, state = 4 : i64}})
    attributes {quern.model, quern.step = {is_after = false, lag = 0 : i64, level = 0 : i64}} {
  %table = quern.parameter "table" : tensor<4x3xf32>
  %bias = quern.parameter "bias" : tensor<3xf32>
  %sum = quern.add %x, %bias : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %table, %table, %bias, %sum : tensor<4x3xf32>, tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>
}

// -----

// Results of a model that is no step program are the caller's.
// CHECK-LABEL: func.func @model
// CHECK: return %arg1, %{{.*}} : tensor<4x3xf32>, tensor<3xf32>
func.func @model(%x: tensor<3xf32>) -> (tensor<4x3xf32>, tensor<3xf32>) attributes {quern.model} {
  %table = quern.parameter "table" : tensor<4x3xf32>
  %0 = quern.relu %x : (tensor<3xf32>) -> tensor<3xf32>
  return %table, %0 : tensor<4x3xf32>, tensor<3xf32>
}
