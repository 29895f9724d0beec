// RUN: quern-opt --derive-steps --drop-full-pass --verify-stage=stage=planned %s | FileCheck %s

// Of a model with step programs the signature is left, with what says how they work together.
// CHECK-LABEL: module {
// CHECK: module {
// CHECK: func.func @step
// CHECK: func.func private @doubled(tensor<1x3x9xf32> {quern.name = "x"}) -> (tensor<1x3x9xf32> {quern.name = "y"})
// CHECK-SAME: quern.steps
// CHECK-NOT: quern.mul
func.func @doubled(%x: tensor<1x3x9xf32> {quern.name = "x"}) -> (tensor<1x3x9xf32> {quern.name = "y"})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [2], output = 0, output_axes = [2], strict = false>} {
  %0 = quern.add %x, %x : (tensor<1x3x9xf32>, tensor<1x3x9xf32>) -> tensor<1x3x9xf32>
  return %0 : tensor<1x3x9xf32>
}
