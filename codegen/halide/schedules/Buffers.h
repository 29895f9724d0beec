#pragma once

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// Fixes a dense buffer's extents and strides (innermost first), so that all index arithmetic is
/// constant. Not its alignment: what a program passes in is aligned to its elements only.
/// `parameter` is an ImageParam's or a Func's `output_buffer()`.
void pinDense(Halide::OutputImageParam parameter, const std::vector<int64_t> &extents);

/// Stores a cache line more behind the `channels` floats of each pixel of `copy`, where those of
/// `positions` pixels, `positionBytes` apart, would meet in few sets of the first-level cache.
void spreadOverSets(Halide::Func copy, const Halide::Var &channel, int64_t channels,
                    int64_t positions, int64_t positionBytes);

} // namespace quern::codegen
