// RUN: quern-opt --plan-memory %s | FileCheck %s

// An elementwise kernel writes over an operand that dies; a sum beside it reads, so it may not; the output is not in the arena.
// CHECK-LABEL: func.func @model
// CHECK-SAME: quern.arena_bytes = 2048
// CHECK: %[[A:.*]] = quern.launch @relu(%arg0) at [[AT:.*]] : {{.*}}
// CHECK-NEXT: %[[B:.*]] = quern.launch @relu(%[[A]]) at [[AT]] :
// CHECK-NEXT: %[[C:.*]] = quern.launch @relu(%[[B]]) at [[OTHER:.*]] :
// CHECK-NEXT: %[[D:.*]] = quern.launch @twice(%[[B]], %[[C]]) at [[OTHER2:.*]] :
// CHECK-NEXT: quern.launch @sum(%[[D]]) at [-1]
func.func private @relu(%x: tensor<256xf32>) -> tensor<256xf32> attributes {quern.kernel} {
  %0 = quern.relu %x : (tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @twice(%x: tensor<256xf32>, %y: tensor<256xf32>) -> tensor<256xf32> attributes {quern.kernel} {
  %0 = quern.add %x, %y : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @sum(%x: tensor<256xf32>) -> tensor<f32> attributes {quern.kernel} {
  %0 = quern.reduce sum %x over [0] : (tensor<256xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}
func.func @model(%x: tensor<256xf32>) -> tensor<f32> attributes {quern.model} {
  %0 = quern.launch @relu(%x) : (tensor<256xf32>) -> tensor<256xf32>
  %1 = quern.launch @relu(%0) : (tensor<256xf32>) -> tensor<256xf32>
  %2 = quern.launch @relu(%1) : (tensor<256xf32>) -> tensor<256xf32>
  %3 = quern.launch @twice(%1, %2) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  %4 = quern.launch @sum(%3) : (tensor<256xf32>) -> tensor<f32>
  return %4 : tensor<f32>
}
