// RUN: quern-opt --unroll-scan --canonicalize --cse %s 2> %t | FileCheck %s
// RUN: FileCheck %s --check-prefix=SAID < %t

// The product with the sequence is one, of all steps; steps read parts of it, and their results are joined.
// CHECK-LABEL: func.func @rnn
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>, %[[H:.*]]: tensor<2x5xf32>, %[[W:.*]]: tensor<5x4xf32>, %[[U:.*]]: tensor<5x5xf32>
func.func @rnn(%x: tensor<2x3x4xf32>, %h: tensor<2x5xf32>, %w: tensor<5x4xf32>, %u: tensor<5x5xf32>) -> tensor<2x3x5xf32> {
  // CHECK: %[[MOVED:.*]] = quern.transpose %[[X]] by [1, 0, 2]
  // CHECK: %[[ALL:.*]] = quern.contract %[[MOVED]] [3, 0, 1], %[[W]] [2, 1] -> [3, 0, 2]
  // CHECK: quern.contract %[[H]] [0, 1], %[[U]] [2, 1] -> [0, 2]
  // CHECK: %[[FIRST:.*]] = quern.slice %[[ALL]] from [0, 0, 0] sizes [1, 2, 5] strides [1, 1, 1]
  // CHECK: quern.reshape %[[FIRST]] to [2, 5]
  // CHECK: %[[H1:.*]] = quern.tanh
  // CHECK: quern.contract %[[H1]]
  // CHECK: quern.slice %[[ALL]] from [1, 0, 0]
  // CHECK: quern.slice %[[ALL]] from [2, 0, 0]
  // CHECK: %[[JOINED:.*]] = quern.concat %{{.*}}, %{{.*}}, %{{.*}} along 0
  // CHECK: %[[Y:.*]] = quern.transpose %[[JOINED]] by [1, 0, 2]
  // CHECK: return %[[Y]]
  %0 = quern.scan(%x) along [1] carry(%h) into [1] with(%w, %u : tensor<5x4xf32>, tensor<5x5xf32>) : (tensor<2x3x4xf32>) (tensor<2x5xf32>) to tensor<2x3x5xf32> {
  ^bb0(%xt: tensor<2x4xf32>, %ht: tensor<2x5xf32>, %wt: tensor<5x4xf32>, %ut: tensor<5x5xf32>):
    %1 = quern.contract %xt [0, 1], %wt [2, 1] -> [0, 2] : (tensor<2x4xf32>, tensor<5x4xf32>) -> tensor<2x5xf32>
    %2 = quern.contract %ht [0, 1], %ut [2, 1] -> [0, 2] : (tensor<2x5xf32>, tensor<5x5xf32>) -> tensor<2x5xf32>
    %3 = quern.add %2, %1 : (tensor<2x5xf32>, tensor<2x5xf32>) -> tensor<2x5xf32>
    %4 = quern.tanh %3 : (tensor<2x5xf32>) -> tensor<2x5xf32>
    quern.yield %4 : tensor<2x5xf32>
  }
  return %0 : tensor<2x3x5xf32>
}

// A recurrence of very many steps is announced; the others are not.
// SAID-NOT: warning
// SAID: warning: the full pass writes out all 2048 steps of this recurrence, which takes long to compile and much memory: make the sequence shorter, or compile step programs alone (--steps only)
// SAID-NOT: warning
func.func @long(%x: tensor<2048x1xf32>, %h: tensor<1xf32>) -> tensor<2048x1xf32> {
  %0 = quern.scan(%x) along [0] carry(%h) into [0] : (tensor<2048x1xf32>) (tensor<1xf32>) to tensor<2048x1xf32> {
  ^bb0(%xt: tensor<1xf32>, %ht: tensor<1xf32>):
    %1 = quern.add %xt, %ht : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
    quern.yield %1 : tensor<1xf32>
  }
  return %0 : tensor<2048x1xf32>
}

// So are those that are many by what their bodies hold: sums along rows, from row to row.
// SAID: warning: the full pass writes out all 2048 steps of this recurrence and of those inside it, which takes
// SAID-NOT: warning
// CHECK-LABEL: func.func @nested
// CHECK-NOT: quern.scan
func.func @nested(%x: tensor<64x32xf32>, %h: tensor<32xf32>, %first: tensor<f32>) -> tensor<64x32xf32> {
  %0 = quern.scan(%x) along [0] carry(%h) into [0] with(%first : tensor<f32>) : (tensor<64x32xf32>) (tensor<32xf32>) to tensor<64x32xf32> {
  ^bb0(%row: tensor<32xf32>, %above: tensor<32xf32>, %f: tensor<f32>):
    %1 = quern.add %row, %above : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    %2 = quern.scan(%1) along [0] carry(%f) into [0] : (tensor<32xf32>) (tensor<f32>) to tensor<32xf32> {
    ^bb0(%e: tensor<f32>, %left: tensor<f32>):
      %3 = quern.add %e, %left : (tensor<f32>, tensor<f32>) -> tensor<f32>
      quern.yield %3 : tensor<f32>
    }
    quern.yield %2 : tensor<32xf32>
  }
  return %0 : tensor<64x32xf32>
}
