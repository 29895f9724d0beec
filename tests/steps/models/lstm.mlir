// A recurrent cell along the order (Hochreiter and Schmidhuber 1997), its first state learned.
func.func @lstm(%x: tensor<2x9xi32> {quern.name = "x"}) -> (tensor<2x9x5xf32> {quern.name = "y", quern.as = #quern.distribution<kind = categorical, axis = 2, levels = 5, components = 1, range = [0.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %1 = quern.parameter "embedding" : tensor<5x6xf32>
  %2 = quern.gather %1 at %x along 0 : (tensor<5x6xf32>, tensor<2x9xi32>) -> tensor<2x9x6xf32>
  %3 = quern.parameter "h0" : tensor<1x10xf32>
  %4 = quern.broadcast %3 to [2, 10] : (tensor<1x10xf32>) -> tensor<2x10xf32>
  %5 = quern.constant dense<0.0> : tensor<2x10xf32>
  %6, %7 = quern.scan (%2) along [1] carry (%4, %5) into [1, 1] : (tensor<2x9x6xf32>) (tensor<2x10xf32>, tensor<2x10xf32>) to tensor<2x9x10xf32>, tensor<2x9x10xf32> {
  ^bb0(%e: tensor<2x6xf32>, %h: tensor<2x10xf32>, %c: tensor<2x10xf32>):
    %101 = quern.parameter "w" : tensor<40x6xf32>
    %102 = quern.contract %e [0, 1], %101 [2, 1] -> [0, 2] : (tensor<2x6xf32>, tensor<40x6xf32>) -> tensor<2x40xf32>
    %103 = quern.parameter "u" : tensor<40x10xf32>
    %104 = quern.contract %h [0, 1], %103 [2, 1] -> [0, 2] : (tensor<2x10xf32>, tensor<40x10xf32>) -> tensor<2x40xf32>
    %105 = quern.add %102, %104 : (tensor<2x40xf32>, tensor<2x40xf32>) -> tensor<2x40xf32>
    %106 = quern.slice %105 from [0, 0] sizes [2, 10] strides [1, 1] : (tensor<2x40xf32>) -> tensor<2x10xf32>
    %107 = quern.sigmoid %106 : (tensor<2x10xf32>) -> tensor<2x10xf32>
    %108 = quern.mul %107, %c : (tensor<2x10xf32>, tensor<2x10xf32>) -> tensor<2x10xf32>
    %109 = quern.slice %105 from [0, 10] sizes [2, 10] strides [1, 1] : (tensor<2x40xf32>) -> tensor<2x10xf32>
    %110 = quern.sigmoid %109 : (tensor<2x10xf32>) -> tensor<2x10xf32>
    %111 = quern.slice %105 from [0, 20] sizes [2, 10] strides [1, 1] : (tensor<2x40xf32>) -> tensor<2x10xf32>
    %112 = quern.tanh %111 : (tensor<2x10xf32>) -> tensor<2x10xf32>
    %113 = quern.mul %110, %112 : (tensor<2x10xf32>, tensor<2x10xf32>) -> tensor<2x10xf32>
    %114 = quern.add %108, %113 : (tensor<2x10xf32>, tensor<2x10xf32>) -> tensor<2x10xf32>
    %115 = quern.slice %105 from [0, 30] sizes [2, 10] strides [1, 1] : (tensor<2x40xf32>) -> tensor<2x10xf32>
    %116 = quern.sigmoid %115 : (tensor<2x10xf32>) -> tensor<2x10xf32>
    %117 = quern.tanh %114 : (tensor<2x10xf32>) -> tensor<2x10xf32>
    %118 = quern.mul %116, %117 : (tensor<2x10xf32>, tensor<2x10xf32>) -> tensor<2x10xf32>
    quern.yield %118, %114 : tensor<2x10xf32>, tensor<2x10xf32>
  }
  %8 = quern.parameter "head" : tensor<5x10xf32>
  %9 = quern.contract %6 [0, 1, 2], %8 [3, 2] -> [0, 1, 3] : (tensor<2x9x10xf32>, tensor<5x10xf32>) -> tensor<2x9x5xf32>
  return %9 : tensor<2x9x5xf32>
}
