// RUN: quern-opt --outline-kernels %s | FileCheck %s

// Two equal fused ops, whatever their operands and places, are one kernel; another type is another kernel.
// CHECK-LABEL: func.func private @relu_4_0(%arg0: tensor<4xf32>) -> tensor<4xf32> attributes {quern.kernel}
// CHECK-NEXT: quern.relu
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @relu_4_1(%arg0: tensor<4xf64>)
// CHECK-LABEL: func.func @model
// CHECK-NEXT: %[[A:.*]] = quern.launch @relu_4_0(%arg0)
// CHECK-NEXT: %[[B:.*]] = quern.launch @relu_4_0(%[[A]])
// CHECK-NEXT: %[[C:.*]] = quern.launch @relu_4_1(%arg1)
// CHECK-NEXT: return %[[B]], %[[C]]
func.func @model(%x: tensor<4xf32>, %y: tensor<4xf64>) -> (tensor<4xf32>, tensor<4xf64>) attributes {quern.model} {
  %0 = quern.fused(%a = %x) : (tensor<4xf32>) -> tensor<4xf32> {
    %1 = quern.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    quern.yield %1 : tensor<4xf32>
  }
  %2 = quern.fused(%b = %0) : (tensor<4xf32>) -> tensor<4xf32> {
    %3 = quern.relu %b : (tensor<4xf32>) -> tensor<4xf32>
    quern.yield %3 : tensor<4xf32>
  }
  %4 = quern.fused(%a = %y) : (tensor<4xf64>) -> tensor<4xf64> {
    %5 = quern.relu %a : (tensor<4xf64>) -> tensor<4xf64>
    quern.yield %5 : tensor<4xf64>
  }
  return %2, %4 : tensor<4xf32>, tensor<4xf64>
}
