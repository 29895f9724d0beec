#pragma once

#include "bench/kernels/Layer.h"
#include "bench/kernels/LayerPipeline.h"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::bench {

bool hasWeights(const Layer &layer);

/// Extents of the weights as the layer's kernel reads them, innermost first.
std::vector<int64_t> packedExtents(const Layer &layer, const WeightPacking &packing);

/// Lays out the logical `[O][I][kh][kw]`, transformed where the packing says so.
void packWeights(const Layer &layer, const WeightPacking &packing, std::span<const float> logical,
                 std::span<float> packed);

} // namespace quern::bench
