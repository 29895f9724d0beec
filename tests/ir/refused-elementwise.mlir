// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @refused(%x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @below {{E1:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.add %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @refused(%x: tensor<3xf32>, %y: tensor<3xi32>) {
  // expected-error @below {{E2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.max %x, %y : (tensor<3xf32>, tensor<3xi32>) -> tensor<3xf32>
  return
}

// -----

func.func @refused(%c: tensor<3xi1>, %x: tensor<3xf32>, %y: tensor<3xi32>) {
  // expected-error @below {{E2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.select %c, %x, %y : (tensor<3xi1>, tensor<3xf32>, tensor<3xi32>) -> tensor<3xf32>
  return
}

// -----

func.func @refused(%x: tensor<3xf32>, %y: tensor<3xi32>) {
  // expected-error @below {{E2:}}
  // expected-error @below {{failed to infer returned types}}
  %0 = quern.cmp eq %x, %y : (tensor<3xf32>, tensor<3xi32>) -> tensor<3xi1>
  return
}
