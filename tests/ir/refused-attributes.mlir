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
