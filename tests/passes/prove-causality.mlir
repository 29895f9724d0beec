// RUN: split-file %s %t
// RUN: quern-opt --prove-causality --split-input-file %t/causal.mlir
// RUN: not quern-opt --prove-causality --split-input-file --mlir-print-op-on-diagnostic=false %t/leaks.mlir 2>&1 | FileCheck %s
// RUN: not quern-opt --prove-causality --split-input-file --mlir-print-op-on-diagnostic=false %t/misfits.mlir 2>&1 | FileCheck %s --check-prefix=MISFIT

//--- causal.mlir
// A dilated convolution that pads at the start.
func.func @dilated(%x: tensor<2x3x16xf32>) -> tensor<2x3x16xf32> attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %w = quern.parameter "w" : tensor<3x3x2xf32>
  %a = quern.conv %x, %w strides [1] dilations [4] pad [4] [0] groups 1 : (tensor<2x3x16xf32>, tensor<3x3x2xf32>) -> tensor<2x3x16xf32>
  %y = quern.add %a, %x : (tensor<2x3x16xf32>, tensor<2x3x16xf32>) -> tensor<2x3x16xf32>
  return %y : tensor<2x3x16xf32>
}

// -----
// A mask of type A, two channels to a position of the output, then one of type B.
func.func @raster(%x: tensor<1x1x6x5xf32>) -> tensor<1x1x6x10xf32> attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %w1 = quern.parameter "w1" : tensor<4x1x3x3xf32>
  %m1 = quern.constant dense<[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %a = quern.mul %w1, %m1 : (tensor<4x1x3x3xf32>, tensor<3x3xf32>) -> tensor<4x1x3x3xf32>
  %h = quern.conv %x, %a strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x1x6x5xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x6x5xf32>
  %w2 = quern.parameter "w2" : tensor<2x4x3x3xf32>
  %m2 = quern.constant dense<[[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %b = quern.mul %w2, %m2 : (tensor<2x4x3x3xf32>, tensor<3x3xf32>) -> tensor<2x4x3x3xf32>
  %o = quern.conv %h, %b strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<1x4x6x5xf32>, tensor<2x4x3x3xf32>) -> tensor<1x2x6x5xf32>
  %t = quern.transpose %o by [0, 2, 3, 1] : (tensor<1x2x6x5xf32>) -> tensor<1x6x5x2xf32>
  %y = quern.reshape %t to [1, 1, 6, 10] : (tensor<1x6x5x2xf32>) -> tensor<1x1x6x10xf32>
  return %y : tensor<1x1x6x10xf32>
}

// -----
// MADE in an order of its own: unit i of the second layer reads hidden units of lower degree.
func.func @made(%x: tensor<7x3xf32>) -> tensor<7x3xf32> attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = true, order = [2, 0, 1]>} {
  %w1 = quern.parameter "w1" : tensor<2x3xf32>
  %m1 = quern.constant dense<[[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]> : tensor<2x3xf32>
  %a = quern.mul %w1, %m1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %h = quern.contract %x [0, 1], %a [2, 1] -> [0, 2] : (tensor<7x3xf32>, tensor<2x3xf32>) -> tensor<7x2xf32>
  %w2 = quern.parameter "w2" : tensor<3x2xf32>
  %m2 = quern.constant dense<[[1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]> : tensor<3x2xf32>
  %b = quern.mul %w2, %m2 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = quern.contract %h [0, 1], %b [2, 1] -> [0, 2] : (tensor<7x2xf32>, tensor<3x2xf32>) -> tensor<7x3xf32>
  return %y : tensor<7x3xf32>
}

// -----
// Attention over earlier keys, and a recurrent cell.
func.func @attentive(%x: tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %i = quern.iota [5, 5] along 0 of i32 : () -> tensor<5x5xi32>
  %j = quern.iota [5, 5] along 1 of i32 : () -> tensor<5x5xi32>
  %m = quern.cmp le %j, %i : (tensor<5x5xi32>, tensor<5x5xi32>) -> tensor<5x5xi1>
  %a = quern.attention %x, %x, %x mask %m scale 1.0 : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<5x5xi1>) -> tensor<1x2x5x4xf32>
  %h0 = quern.constant dense<0.0> : tensor<1x2x4xf32>
  %y = quern.scan (%a) along [2] carry (%h0) into [2] : (tensor<1x2x5x4xf32>) (tensor<1x2x4xf32>) to tensor<1x2x5x4xf32> {
  ^bb0(%e: tensor<1x2x4xf32>, %h: tensor<1x2x4xf32>):
    %s = quern.add %e, %h : (tensor<1x2x4xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
    quern.yield %s : tensor<1x2x4xf32>
  }
  return %y : tensor<1x2x5x4xf32>
}

//--- leaks.mlir
// A centred convolution: the last tap is at fault.
// CHECK: centred.qn:7:3: error: centred is not causal: y[0] reads x[1] through conv at centred.qn:9:7, tap (+1)
// CHECK: note: its contract lets y[0] read x up to [0]; the model looks up to 1 position farther
// CHECK: centred.qn:9:7: note: conv: element [0,0,0] reads [0,0,1], tap (+1)
func.func @centred(%x: tensor<1x1x8xf32> {quern.name = "x"}) -> (tensor<1x1x8xf32> {quern.name = "y"}) attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %w = quern.parameter "w" : tensor<1x1x3xf32>
  %y = quern.conv %x, %w strides [1] dilations [1] pad [1] [1] groups 1 : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x8xf32> loc("centred.qn":9:7)
  return %y : tensor<1x1x8xf32>
} loc("centred.qn":7:3)

// -----
// The second mask keeps the tap to the right of the centre: that op is at fault, though the path
// ends in the first.
// CHECK: error: masked is not strictly causal: y[0,0] reads x[0,0] through second at masked.qn:4:7, tap (0,+1)
// CHECK: masked.qn:4:7: note: second: element [0,0,0,0] reads [0,0,0,1], tap (0,+1)
// CHECK: masked.qn:3:7: note: first: element [0,0,0,1] reads [0,0,0,0], tap (0,-1)
func.func @masked(%x: tensor<2x1x6x6xf32> {quern.name = "x"}) -> (tensor<2x1x6x6xf32> {quern.name = "y"}) attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>} {
  %w1 = quern.parameter "w1" : tensor<4x1x3x3xf32>
  %m1 = quern.constant dense<[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %a = quern.mul %w1, %m1 : (tensor<4x1x3x3xf32>, tensor<3x3xf32>) -> tensor<4x1x3x3xf32>
  %h = quern.conv %x, %a strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<2x1x6x6xf32>, tensor<4x1x3x3xf32>) -> tensor<2x4x6x6xf32> loc("first"("masked.qn":3:7))
  %r = quern.relu %h : (tensor<2x4x6x6xf32>) -> tensor<2x4x6x6xf32>
  %w2 = quern.parameter "w2" : tensor<1x4x3x3xf32>
  %m2 = quern.constant dense<[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %b = quern.mul %w2, %m2 : (tensor<1x4x3x3xf32>, tensor<3x3xf32>) -> tensor<1x4x3x3xf32>
  %y = quern.conv %r, %b strides [1, 1] dilations [1, 1] pad [1, 1] [1, 1] groups 1 : (tensor<2x4x6x6xf32>, tensor<1x4x3x3xf32>) -> tensor<2x1x6x6xf32> loc("second"("masked.qn":4:7))
  return %y : tensor<2x1x6x6xf32>
}

// -----
// A mask that admits the next key.
// CHECK: error: attentive is not causal: y[0] reads x[1] through attention at attentive.qn:3:1, element (1)
func.func @attentive(%x: tensor<1x2x5x4xf32> {quern.name = "x"}) -> (tensor<1x2x5x4xf32> {quern.name = "y"}) attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %i = quern.iota [5, 5] along 0 of i32 : () -> tensor<5x5xi32>
  %j = quern.iota [5, 5] along 1 of i32 : () -> tensor<5x5xi32>
  %one = quern.constant dense<1> : tensor<i32>
  %i1 = quern.add %i, %one : (tensor<5x5xi32>, tensor<i32>) -> tensor<5x5xi32>
  %m = quern.cmp le %j, %i1 : (tensor<5x5xi32>, tensor<5x5xi32>) -> tensor<5x5xi1>
  %y = quern.attention %x, %x, %x mask %m scale 1.0 : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<5x5xi1>) -> tensor<1x2x5x4xf32> loc("attentive.qn":3:1)
  return %y : tensor<1x2x5x4xf32>
}

// -----
// A norm over the ordered axis.
// CHECK: error: normed is not causal: y[0] reads x[7] through reduce at normed.qn:2:1, element (7)
func.func @normed(%x: tensor<3x8xf32> {quern.name = "x"}) -> (tensor<3x8xf32> {quern.name = "y"}) attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %s = quern.reduce mean %x over [1] keep true : (tensor<3x8xf32>) -> tensor<3x1xf32> loc("normed.qn":2:1)
  %y = quern.sub %x, %s : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----
// A cell that is fed its own step where the contract is strict: the path goes through the body.
// CHECK: error: recurrent is not strictly causal: y[0] reads x[0] through
// CHECK: cell.qn:5:5: note:
func.func @recurrent(%x: tensor<3x8x4xf32> {quern.name = "x"}) -> (tensor<3x8x4xf32> {quern.name = "y"}) attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = true>} {
  %h0 = quern.constant dense<0.0> : tensor<3x4xf32>
  %y = quern.scan (%x) along [1] carry (%h0) into [1] : (tensor<3x8x4xf32>) (tensor<3x4xf32>) to tensor<3x8x4xf32> {
  ^bb0(%e: tensor<3x4xf32>, %h: tensor<3x4xf32>):
    %s = quern.add %e, %h : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32> loc("cell.qn":5:5)
    quern.yield %s : tensor<3x4xf32>
  }
  return %y : tensor<3x8x4xf32>
}

//--- misfits.mlir
// MISFIT: error: causal over axis 3 of the input, which has only 2 (3x8), counted from 0
func.func @axis(%x: tensor<3x8xf32>) -> tensor<3x8xf32> attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [3], output = 0, output_axes = [1], strict = false>} {
  %y = quern.relu %x : (tensor<3x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----
// MISFIT: error: causal about input 2 and output 0 of a model with 1 inputs and 1 outputs
func.func @input(%x: tensor<3x8xf32>) -> tensor<3x8xf32> attributes {quern.model, quern.causal = #quern.causal<input = 2, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %y = quern.relu %x : (tensor<3x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----
// MISFIT: error: causal over an axis of 8 elements, of which the output has 4: expected as many, or a multiple
func.func @extent(%x: tensor<3x8xf32>) -> tensor<3x4xf32> attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %y = quern.slice %x from [0, 0] sizes [3, 4] strides [1, 2] : (tensor<3x8xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----
// MISFIT: error: causal by an order of 2 positions, where there are 8
func.func @order(%x: tensor<3x8xf32>) -> tensor<3x8xf32> attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false, order = [1, 0]>} {
  %y = quern.relu %x : (tensor<3x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}
