// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<2x5x3xf32>, %y: tensor<2x6x3xf32>, %h: tensor<2x4xf32>) {
  // expected-error @below {{N1:}}
  %0 = quern.scan (%x) along [3] carry (%h) into [1] : (tensor<2x5x3xf32>) (tensor<2x4xf32>) to tensor<2x5x4xf32> {
  ^bb0(%e: tensor<2x3xf32>, %c: tensor<2x4xf32>):
    quern.yield %c : tensor<2x4xf32>
  }
  return
}

// -----

func.func @refused(%x: tensor<2x5x3xf32>, %y: tensor<2x6x3xf32>, %h: tensor<2x4xf32>) {
  // expected-error @below {{N1:}}
  %0 = quern.scan (%x) along [1] carry (%h) into [4] : (tensor<2x5x3xf32>) (tensor<2x4xf32>) to tensor<2x5x4xf32> {
  ^bb0(%e: tensor<2x3xf32>, %c: tensor<2x4xf32>):
    quern.yield %c : tensor<2x4xf32>
  }
  return
}

// -----

func.func @refused(%x: tensor<2x5x3xf32>, %y: tensor<2x6x3xf32>, %h: tensor<2x4xf32>) {
  // expected-error @below {{N2:}}
  %0 = quern.scan (%x, %y) along [1, 1] carry (%h) into [1] : (tensor<2x5x3xf32>, tensor<2x6x3xf32>) (tensor<2x4xf32>) to tensor<2x5x4xf32> {
  ^bb0(%e: tensor<2x3xf32>, %f: tensor<2x3xf32>, %c: tensor<2x4xf32>):
    quern.yield %c : tensor<2x4xf32>
  }
  return
}

// -----

func.func @refused(%x: tensor<2x5x3xf32>, %y: tensor<2x6x3xf32>, %h: tensor<2x4xf32>) {
  // expected-error @below {{N3:}}
  %0 = quern.scan (%x) along [1] carry (%h) into [1] : (tensor<2x5x3xf32>) (tensor<2x4xf32>) to tensor<2x5x4xf32> {
  ^bb0(%e: tensor<2x5xf32>, %c: tensor<2x4xf32>):
    quern.yield %c : tensor<2x4xf32>
  }
  return
}

// -----

func.func @refused(%x: tensor<2x5x3xf32>, %y: tensor<2x6x3xf32>, %h: tensor<2x4xf32>) {
  // expected-error @below {{N4:}}
  %0 = quern.scan (%x) along [1] carry (%h) into [1] : (tensor<2x5x3xf32>) (tensor<2x4xf32>) to tensor<2x5x4xf32> {
  ^bb0(%e: tensor<2x3xf32>, %c: tensor<2x4xf32>):
    quern.yield %e : tensor<2x3xf32>
  }
  return
}

// -----

func.func @refused(%x: tensor<2x5x3xf32>, %y: tensor<2x6x3xf32>, %h: tensor<2x4xf32>) {
  // expected-error @below {{N5:}}
  %0 = quern.scan (%x) along [1] carry (%h) into [1] : (tensor<2x5x3xf32>) (tensor<2x4xf32>) to tensor<2x4x4xf32> {
  ^bb0(%e: tensor<2x3xf32>, %c: tensor<2x4xf32>):
    quern.yield %c : tensor<2x4xf32>
  }
  return
}
