#pragma once

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// The generic schedule of every family on a GPU-like device (OpenCL, Vulkan, CUDA): one thread an
/// output, in blocks along the innermost dimensions, tails guarded. `stages` are the Funcs that
/// must be stored (padded inputs, packed operands, partial results with an update), in the order in
/// which they are computed; each becomes a device kernel of its own. Accumulators that only the
/// output reads at the same coordinates are `privates`: they are kept in the thread's registers.
/// `extents` are the output's, innermost first.
void scheduleGpu(const std::vector<Halide::Func> &stages, const std::vector<Halide::Func> &privates,
                 Halide::Func output, const std::vector<int64_t> &extents);

} // namespace quern::codegen
