// A sequence that is advanced in chunks, and how far it is from the full pass.
#pragma once

#include "tests/steps/StepModel.h"

namespace quern::tests {

/// The largest difference over the largest value; infinite where something is no number.
double difference(const Tensor &actual, const Tensor &expected);

/// Advances over all elements in chunks of 1 to `most`; returns the outputs in their order.
Tensor inChunks(const StepModel &made, quern_context *context, const std::vector<Tensor> &inputs,
                uint64_t most, std::mt19937 &random);

} // namespace quern::tests
