#pragma once

#include "bench/kernels/Layer.h"

#include <span>
#include <vector>

namespace quern::bench {

/// A layer's data in logical order: input as it lies, weights `[O][I][kh][kw]`.
struct LayerData {
  std::span<const float> input{}, weights{}, bias{}, residual{};
};

/// The largest difference between `output` and plain sums in double precision, relative to the
/// largest output. All outputs are compared when that is cheap, else some thousands of them spread
/// over edges and inside; NaN anywhere gives infinity.
double naiveError(const Layer &layer, const LayerData &data, std::span<const float> output);

} // namespace quern::bench
