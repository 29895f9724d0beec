#pragma once

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// Fixes a dense buffer's extents and strides (innermost first), so that all index arithmetic is
/// constant. Not its alignment: what a program passes in is aligned to its elements only.
/// `parameter` is an ImageParam's or a Func's `output_buffer()`.
void pinDense(Halide::OutputImageParam parameter, const std::vector<int64_t> &extents);

} // namespace quern::codegen
