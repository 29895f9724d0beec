// Convolutions of every kind, drawn by rule: the same numbers give the same cases everywhere.
#pragma once

#include "tests/convs/ConvCase.h"

#include <cstdint>
#include <vector>

namespace quern::tests {

/// `count` cases that `algorithm` serves, of one to three axes: sizes odd and even, from one pixel;
/// channels from one, primes among them; strides, dilations, groups, batches; paddings of either
/// end, up to more than a window; all tiles in turn; with and without epilogues, in both layouts.
/// It must serve that type.
std::vector<ConvCase> convGrid(ir::ConvAlgorithm algorithm, passes::ConvElement element,
                               size_t count, uint32_t seed);

} // namespace quern::tests
