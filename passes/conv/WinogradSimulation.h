// What Winograd's algorithm computes of a sample, with its roundings.
#pragma once

#include "passes/conv/ConvAlgorithm.h"
#include "passes/conv/SampleConv.h"

#include <vector>

namespace quern::passes {

/// The sample's outputs by F(tile) along each axis, in f32, tile by tile, without regard to speed.
std::vector<float> simulateWinograd(const SampleConv &sample, const Tile &tile);

} // namespace quern::passes
