// The functions that Halide's kernels import; see HalideHooks.cpp.
#pragma once

namespace quern::runtime {

/// Does nothing but make the linker take the hooks out of the archive. Where a program also links
/// Halide's own runtime, for a device, its weak definitions of them would satisfy the kernels, and
/// ours would be left behind.
void linkHalideHooks();

} // namespace quern::runtime
