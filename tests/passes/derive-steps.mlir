// RUN: quern-opt --split-input-file --verify-diagnostics --derive-steps %s | FileCheck %s

// A dilated convolution reads one earlier slot of its input's state and the element at hand; its masked taps are no segments.
// CHECK-LABEL: module {
// CHECK: module {
// CHECK: func.func @step(%[[X:.*]]: tensor<1x1x3xf32> {quern.binding = {is_fixed = false, offset = 0 : i64, state = 0 : i64}},
// CHECK-SAME: %[[PAST:.*]]: tensor<1x1x4xf32> {quern.binding = {is_fixed = false, offset = -32 : i64, state = 2 : i64}})
// CHECK-SAME: quern.step = {is_after = true, lag = 0 : i64, level = 1 : i64}
// CHECK: %[[FIRST:.*]] = quern.segment_dot
// CHECK: %[[NOW:.*]] = quern.relu
// CHECK: quern.segment_dot(%[[PAST]], %{{.*}}), %{{.*}} rank 3 : (tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<8x2xf32>) -> tensor<1x2x1xf32>
// CHECK: func.func @dilated
// CHECK-SAME: extents = array<i64: 9>
func.func @dilated(%x: tensor<1x3x9xf32>) -> tensor<1x2x9xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %w = quern.parameter "w" : tensor<4x3x1xf32>
  %0 = quern.conv %x, %w strides [1] dilations [1] pad [0] [0] groups 1 : (tensor<1x3x9xf32>, tensor<4x3x1xf32>) -> tensor<1x4x9xf32>
  %1 = quern.relu %0 : (tensor<1x4x9xf32>) -> tensor<1x4x9xf32>
  %v = quern.parameter "v" : tensor<2x4x3xf32>
  %mask = quern.constant dense<[[[1.0, 1.0, 0.0]]]> : tensor<1x1x3xf32>
  %u = quern.mul %v, %mask : (tensor<2x4x3xf32>, tensor<1x1x3xf32>) -> tensor<2x4x3xf32>
  %2 = quern.conv %1, %u strides [1] dilations [2] pad [2] [2] groups 1 : (tensor<1x4x9xf32>, tensor<2x4x3xf32>) -> tensor<1x2x9xf32>
  return %2 : tensor<1x2x9xf32>
}

// -----

// Attention whose mask admits no key but the last three is computed over those, in one program for all positions.
// CHECK: quern.relu
// CHECK: func.func @step({{.*}} tensor<3x1x1x2xf32> {quern.binding = {is_fixed = false, offset = -16 : i64, state = 2 : i64}}
// CHECK-SAME: quern.step = {is_after = true, lag = 0 : i64, level = 1 : i64}
// CHECK: %[[KEY:.*]] = quern.add {{.*}} -> tensor<1x3xi32>
// CHECK: %[[THERE:.*]] = quern.cmp{{ +}}ge %[[KEY]],
// CHECK: quern.cmp{{ +}}le %[[KEY]],
// CHECK: quern.cmp{{ +}}gt %[[KEY]],
// CHECK: %[[MASK:.*]] = quern.and %{{.*}}, %[[THERE]]
// CHECK: quern.attention %{{.*}} mask %[[MASK]] {{.*}} -> tensor<1x1x1x2xf32>
// CHECK-NOT: func.func @step
// CHECK: func.func @window
func.func @window(%x: tensor<1x1x9x2xf32>) -> tensor<1x1x9x2xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %k = quern.relu %x : (tensor<1x1x9x2xf32>) -> tensor<1x1x9x2xf32>
  %i = quern.iota [9, 1] along 0 of i32 : () -> tensor<9x1xi32>
  %j = quern.iota [1, 9] along 1 of i32 : () -> tensor<1x9xi32>
  %three = quern.constant dense<3> : tensor<i32>
  %past = quern.cmp le %j, %i : (tensor<1x9xi32>, tensor<9x1xi32>) -> tensor<9x9xi1>
  %far = quern.sub %i, %three : (tensor<9x1xi32>, tensor<i32>) -> tensor<9x1xi32>
  %near = quern.cmp gt %j, %far : (tensor<1x9xi32>, tensor<9x1xi32>) -> tensor<9x9xi1>
  %mask = quern.and %past, %near : (tensor<9x9xi1>, tensor<9x9xi1>) -> tensor<9x9xi1>
  %0 = quern.attention %x, %k, %k mask %mask scale 1.0 : (tensor<1x1x9x2xf32>, tensor<1x1x9x2xf32>, tensor<1x1x9x2xf32>, tensor<9x9xi1>) -> tensor<1x1x9x2xf32>
  return %0 : tensor<1x1x9x2xf32>
}

// -----

// What reads to its right in a raster's row is computed a row at a time, before the row's first element is known.
// CHECK: quern.step = {is_after = false, lag = 0 : i64, level = 1 : i64}
// CHECK: quern.conv {{.*}} -> tensor<1x4x1x6xf32>
// CHECK: quern.step = {is_after = false, lag = 0 : i64, level = 2 : i64}
// CHECK: quern.segment_dot
func.func @rows(%x: tensor<1x1x5x6xf32>) -> tensor<1x2x5x6xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %0 = quern.pad %x low [0, 0, 1, 0] high [0, 0, 0, 0] with 0.0 : (tensor<1x1x5x6xf32>) -> tensor<1x1x6x6xf32>
  %1 = quern.slice %0 from [0, 0, 0, 0] sizes [1, 1, 5, 6] strides [1, 1, 1, 1] : (tensor<1x1x6x6xf32>) -> tensor<1x1x5x6xf32>
  %w = quern.parameter "w" : tensor<4x1x2x3xf32>
  %2 = quern.conv %1, %w strides [1, 1] dilations [1, 1] pad [1, 1] [0, 1] groups 1 : (tensor<1x1x5x6xf32>, tensor<4x1x2x3xf32>) -> tensor<1x4x5x6xf32>
  %v = quern.parameter "v" : tensor<2x4x1x3xf32>
  %3 = quern.conv %2, %v strides [1, 1] dilations [1, 1] pad [0, 1] [0, 1] groups 1 : (tensor<1x4x5x6xf32>, tensor<2x4x1x3xf32>) -> tensor<1x2x5x6xf32>
  return %3 : tensor<1x2x5x6xf32>
}

// -----

func.func @mean(%x: tensor<1x3x9xf32>) -> tensor<1x3x9xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  // expected-error @below {{no step program can be derived: reduce does not keep the ordered axes apart}}
  %0 = quern.reduce mean %x over [2] keep true : (tensor<1x3x9xf32>) -> tensor<1x3x1xf32>
  %1 = quern.add %x, %0 : (tensor<1x3x9xf32>, tensor<1x3x1xf32>) -> tensor<1x3x9xf32>
  return %1 : tensor<1x3x9xf32>
}

// -----

func.func @ahead(%x: tensor<1x1x5x6xf32>) -> tensor<1x2x5x6xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = false>} {
  %w = quern.parameter "w" : tensor<2x1x3x3xf32>
  // expected-error @below {{no step program can be derived: conv reads elements of the input that are generated later}}
  %0 = quern.conv %x, %w strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x1x5x6xf32>, tensor<2x1x3x3xf32>) -> tensor<1x2x5x6xf32>
  return %0 : tensor<1x2x5x6xf32>
}

// -----

func.func @dense(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %w = quern.parameter "w" : tensor<4x4xf32>
  // expected-error @below {{no step program can be derived: contract sums over the order by no weight with a mask against later elements}}
  %0 = quern.contract %x [0, 1], %w [2, 1] -> [0, 2] : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

// expected-error @below {{no step program can be derived: the output at a position is computed with elements of the input that its contract does not admit, though they do not count}}
func.func @zeros(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = true>} {
  %z = quern.constant dense<0.0> : tensor<f32>
  %0 = quern.mul %x, %z : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func @neighbours(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false, order = [3, 2, 1, 0]>} {
  %w = quern.parameter "w" : tensor<1x1x2xf32>
  // expected-error @below {{no step program can be derived: conv moves along an axis whose order is explicit}}
  %0 = quern.conv %x, %w strides [1] dilations [1] pad [0] [1] groups 1 : (tensor<1x1x4xf32>, tensor<1x1x2xf32>) -> tensor<1x1x4xf32>
  return %0 : tensor<1x1x4xf32>
}

// -----

// Two units for each of three positions, in the order 2, 0, 1; zeros stand where a position has fewer.
// CHECK: quern.contract %{{.*}} [0, 1, 3], %{{.*}} [2, 1, 3] -> [0, 2] : (tensor<1x3x2xf32>, tensor<1x3x2xf32>) -> tensor<1x1xf32>
// CHECK: quern.contract %{{.*}} [0, 1], %{{.*}} [2, 4, 1] -> [0, 2, 4] : (tensor<1x3xf32>, tensor<1x2x3xf32>) -> tensor<1x1x2xf32>
// CHECK: func.func @made
func.func @made(%x: tensor<1x3xf32>) -> tensor<1x3xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = true, order = [1, 2, 0]>} {
  %m1 = quern.constant dense<[[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]> : tensor<3x3xf32>
  %p1 = quern.parameter "w1" : tensor<3x3xf32>
  %w1 = quern.mul %p1, %m1 : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  %0 = quern.contract %x [0, 1], %w1 [2, 1] -> [0, 2] : (tensor<1x3xf32>, tensor<3x3xf32>) -> tensor<1x3xf32>
  %1 = quern.relu %0 : (tensor<1x3xf32>) -> tensor<1x3xf32>
  %m2 = quern.constant dense<[[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %p2 = quern.parameter "w2" : tensor<3x3xf32>
  %w2 = quern.mul %p2, %m2 : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  %2 = quern.contract %1 [0, 1], %w2 [2, 1] -> [0, 2] : (tensor<1x3xf32>, tensor<3x3xf32>) -> tensor<1x3xf32>
  return %2 : tensor<1x3xf32>
}

// -----

// What lies before the first position is no zero of a greatest element: a table of the weights says where that is.
// CHECK: quern.constant dense<{{\[\[}}false, true], [true, true], [true, true]]>
// CHECK: func.func @step({{.*}}tensor<2xi1> {quern.binding
// CHECK: %[[INSIDE:.*]] = quern.reshape %{{.*}} to [1, 1, 2] : (tensor<1x2xi1>)
// CHECK: %[[LEAST:.*]] = quern.constant dense<0xFF800000>
// CHECK: %[[JOINED:.*]] = quern.select %[[INSIDE]], %{{.*}}, %[[LEAST]]
// CHECK: quern.window_reduce{{ +}}max %[[JOINED]] window [2] strides [1] dilations [1] pad [0] [0]
// CHECK: func.func @pooled
func.func @pooled(%x: tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %0 = quern.relu %x : (tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  %1 = quern.window_reduce max %0 window [2] strides [1] dilations [1] pad [1] [0] : (tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  return %1 : tensor<1x4x3xf32>
}

// -----

// A pool moves along the order as a convolution does.
func.func @pooled_order(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = true, order = [3, 2, 1, 0]>} {
  // expected-error @below {{no step program can be derived: window_reduce moves along an axis whose order is explicit}}
  %0 = quern.window_reduce max %x window [2] strides [1] dilations [1] pad [0] [1] : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %0 : tensor<1x1x4xf32>
}

// -----

// Scores under a mask without a softmax: one query, all keys, the mask's row, and in the same program the sum by them.
// CHECK: quern.relu
// CHECK: func.func @step({{.*}} tensor<9x1x2xf32> {quern.binding = {is_fixed = true, offset = 0 : i64, state = 2 : i64}}, %{{.*}}: tensor<9xf32> {quern.binding
// CHECK: %[[SCORES:.*]] = quern.contract %{{.*}} [0, 1, 2], %{{.*}} [0, 3, 2] -> [0, 1, 3] : (tensor<1x1x2xf32>, tensor<1x9x2xf32>) -> tensor<1x1x9xf32>
// CHECK: %[[WEIGHTS:.*]] = quern.mul %[[SCORES]], %{{.*}} : (tensor<1x1x9xf32>, tensor<1x9xf32>) -> tensor<1x1x9xf32>
// CHECK: quern.contract %[[WEIGHTS]] [0, 1, 2], %{{.*}} [0, 2, 3] -> [0, 1, 3] : (tensor<1x1x9xf32>, tensor<1x9x2xf32>) -> tensor<1x1x2xf32>
// CHECK: func.func @retention
func.func @retention(%x: tensor<1x9x2xf32>) -> tensor<1x9x2xf32>
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %k = quern.relu %x : (tensor<1x9x2xf32>) -> tensor<1x9x2xf32>
  %i = quern.iota [9, 1] along 0 of i32 : () -> tensor<9x1xi32>
  %j = quern.iota [1, 9] along 1 of i32 : () -> tensor<1x9xi32>
  %past = quern.cmp le %j, %i : (tensor<1x9xi32>, tensor<9x1xi32>) -> tensor<9x9xi1>
  %mask = quern.cast %past to f32 : (tensor<9x9xi1>) -> tensor<9x9xf32>
  %0 = quern.contract %k [0, 1, 2], %k [0, 3, 2] -> [0, 1, 3] : (tensor<1x9x2xf32>, tensor<1x9x2xf32>) -> tensor<1x9x9xf32>
  %1 = quern.mul %0, %mask : (tensor<1x9x9xf32>, tensor<9x9xf32>) -> tensor<1x9x9xf32>
  %2 = quern.contract %1 [0, 1, 2], %k [0, 2, 3] -> [0, 1, 3] : (tensor<1x9x9xf32>, tensor<1x9x2xf32>) -> tensor<1x9x2xf32>
  return %2 : tensor<1x9x2xf32>
}
