// The piece of an image that a sample of a convolution reads, where the user gave inputs to judge
// errors by.
#pragma once

#include "passes/conv/SampleConv.h"

namespace quern::passes {

/// What `sample`, of a convolution of that shape, reads about the largest element of the channels
/// of `group` in the first image of `observed`, [N, C, extents...]: as SampleConv::input lies.
/// Nothing where all of these are zero, on which no error would show.
std::optional<std::vector<float>> observedInput(const SampleConv &sample, const ConvShape &shape,
                                                llvm::ArrayRef<float> observed, int64_t group);

} // namespace quern::passes
