#pragma once

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// Fixes a dense buffer's extents and strides (innermost first) and its alignment of 64 bytes, so
/// that all index arithmetic is constant. `parameter` is an ImageParam's or a Func's
/// `output_buffer()`.
void pinDense(Halide::OutputImageParam parameter, const std::vector<int64_t> &extents);

} // namespace quern::codegen
