// RUN: quern-opt --split-input-file --verify-diagnostics %s

// expected-error @below {{a layout}}
func.func private @f(tensor<2x3xf32, #quern.layout<[0, 0]>>)

// -----

// expected-error @below {{photo needs 1 <= crop <= resize}}
func.func private @f(tensor<2xf32> {quern.from = #quern.photo<resize = 1, crop = 2, mean = [0.0, 0.0, 0.0], std = [1.0, 1.0, 1.0]>})

// -----

// expected-error @below {{a mean and a std of three}}
func.func private @f(tensor<2xf32> {quern.from = #quern.photo<resize = 2, crop = 2, mean = [0.0], std = [1.0, 1.0, 1.0]>})

// -----

// expected-error @below {{a std above zero}}
func.func private @f(tensor<2xf32> {quern.from = #quern.photo<resize = 2, crop = 2, mean = [0.0, 0.0, 0.0], std = [1.0, 0.0, 1.0]>})

// -----

// expected-error @below {{labels needs 1 <= top <= 1, not 2}}
func.func private @f(tensor<2xf32> {quern.as = #quern.labels<top = 2, names = ["a"]>})

// -----

// expected-error @below {{labels needs strings}}
func.func private @f(tensor<2xf32> {quern.as = #quern.labels<top = 1, names = [1]>})

// -----

// expected-error @below {{causal needs an order that is a permutation of 0..2}}
func.func private @f() attributes {quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = true, order = [1, 1]>}

// -----

// expected-error @below {{causal needs as many ordered axes}}
func.func private @f() attributes {quern.causal = #quern.causal<input = 0, input_axes = [1, 2], output = 0, output_axes = [1], strict = true>}

// -----

// expected-error @below {{causal names each ordered axis once}}
func.func private @f() attributes {quern.causal = #quern.causal<input = 0, input_axes = [1, 1], output = 0, output_axes = [1, 2], strict = true>}

// -----

// expected-error @below {{categorical needs at least two levels, not 1}}
func.func private @f(tensor<2xf32> {quern.as = #quern.distribution<kind = categorical, axis = 0, levels = 1, components = 1, range = [0.0, 1.0]>})

// -----

// expected-error @below {{bernoulli cannot have 2 components}}
func.func private @f(tensor<2xf32> {quern.as = #quern.distribution<kind = bernoulli, axis = 0, levels = 2, components = 2, range = [0.0, 1.0]>})

// -----

// expected-error @below {{a distribution needs a range}}
func.func private @f(tensor<2xf32> {quern.as = #quern.distribution<kind = bernoulli, axis = 0, levels = 2, components = 1, range = [1.0, 1.0]>})
