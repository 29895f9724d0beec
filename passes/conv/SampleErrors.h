// What the errors of a sample say of all outputs of a convolution.
#pragma once

#include "passes/conv/SampleConv.h"

namespace quern::passes {

struct MeasuredError {
  /// Relative to the largest exact output of the same channel.
  double max = 0;
  double mean = 0;
};

/// The largest error that is hardly exceeded among `all` outputs of a convolution, of which those
/// of a sample were computed, and the mean. Errors are alike each `period` along the axes. NaN
/// anywhere gives infinity.
MeasuredError expectedError(const SampleConv &sample, llvm::ArrayRef<float> computed,
                            llvm::ArrayRef<int64_t> period, double all);

} // namespace quern::passes
