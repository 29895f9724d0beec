// Attention to every sixth element of the past, as sparse transformers have it: (i - j) % 6 == 0.
func.func @periodic(%text: tensor<1x40xi32> {quern.name = "text"}) -> (tensor<1x40x5xf32> {quern.as = #quern.distribution<kind = categorical, axis = 2, levels = 5, components = 1, range = [0.000000e+00, 1.000000e+00]>, quern.name = "output"}) attributes {quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>, quern.model} {
  %zero = quern.constant dense<0> : tensor<i32>
  %period = quern.constant dense<6> : tensor<i32>
  %i = quern.iota [40, 1] along 0 of i32 : () -> tensor<40x1xi32>
  %j = quern.iota [1, 40] along 1 of i32 : () -> tensor<1x40xi32>
  %past = quern.cmp le %j, %i : (tensor<1x40xi32>, tensor<40x1xi32>) -> tensor<40x40xi1>
  %distance = quern.sub %i, %j : (tensor<40x1xi32>, tensor<1x40xi32>) -> tensor<40x40xi32>
  %quotient = quern.div %distance, %period : (tensor<40x40xi32>, tensor<i32>) -> tensor<40x40xi32>
  %product = quern.mul %quotient, %period : (tensor<40x40xi32>, tensor<i32>) -> tensor<40x40xi32>
  %rest = quern.sub %distance, %product : (tensor<40x40xi32>, tensor<40x40xi32>) -> tensor<40x40xi32>
  %below = quern.cmp lt %rest, %zero : (tensor<40x40xi32>, tensor<i32>) -> tensor<40x40xi1>
  %raised = quern.add %rest, %period : (tensor<40x40xi32>, tensor<i32>) -> tensor<40x40xi32>
  %residue = quern.select %below, %raised, %rest : (tensor<40x40xi1>, tensor<40x40xi32>, tensor<40x40xi32>) -> tensor<40x40xi32>
  %periodic = quern.cmp eq %residue, %zero : (tensor<40x40xi32>, tensor<i32>) -> tensor<40x40xi1>
  %mask = quern.and %past, %periodic : (tensor<40x40xi1>, tensor<40x40xi1>) -> tensor<40x40xi1>
  %table = quern.parameter "wte.weight" : tensor<5x8xf32>
  %x = quern.gather %table at %text along 0 : (tensor<5x8xf32>, tensor<1x40xi32>) -> tensor<1x40x8xf32>
  %query_w = quern.parameter "query.weight" : tensor<8x8xf32>
  %query_flat = quern.contract %x [0, 1, 2], %query_w [3, 2] -> [0, 1, 3] : (tensor<1x40x8xf32>, tensor<8x8xf32>) -> tensor<1x40x8xf32>
  %query = quern.reshape %query_flat to [1, 1, 40, 8] : (tensor<1x40x8xf32>) -> tensor<1x1x40x8xf32>
  %key_w = quern.parameter "key.weight" : tensor<8x8xf32>
  %key_flat = quern.contract %x [0, 1, 2], %key_w [3, 2] -> [0, 1, 3] : (tensor<1x40x8xf32>, tensor<8x8xf32>) -> tensor<1x40x8xf32>
  %key = quern.reshape %key_flat to [1, 1, 40, 8] : (tensor<1x40x8xf32>) -> tensor<1x1x40x8xf32>
  %value_w = quern.parameter "value.weight" : tensor<8x8xf32>
  %value_flat = quern.contract %x [0, 1, 2], %value_w [3, 2] -> [0, 1, 3] : (tensor<1x40x8xf32>, tensor<8x8xf32>) -> tensor<1x40x8xf32>
  %value = quern.reshape %value_flat to [1, 1, 40, 8] : (tensor<1x40x8xf32>) -> tensor<1x1x40x8xf32>
  %seen = quern.attention %query, %key, %value mask %mask scale 5.000000e-01 : (tensor<1x1x40x8xf32>, tensor<1x1x40x8xf32>, tensor<1x1x40x8xf32>, tensor<40x40xi1>) -> tensor<1x1x40x8xf32>
  %joined = quern.reshape %seen to [1, 40, 8] : (tensor<1x1x40x8xf32>) -> tensor<1x40x8xf32>
  %head = quern.parameter "head.weight" : tensor<5x8xf32>
  %y = quern.contract %joined [0, 1, 2], %head [3, 2] -> [0, 1, 3] : (tensor<1x40x8xf32>, tensor<5x8xf32>) -> tensor<1x40x5xf32>
  return %y : tensor<1x40x5xf32>
}
