// Filters that come apart, computed in f32 as the kernels of codegen do, on a sample.
#pragma once

#include "passes/conv/SampleConv.h"

namespace quern::passes {

/// By a line of each channel along `axis`, and the rest along the others.
std::vector<float> simulateLines(const SampleConv &sample, size_t axis);

/// By channels between two convolutions: as many as the outputs of the sample need.
std::vector<float> simulateChannels(const SampleConv &sample, size_t axis);

} // namespace quern::passes
