// What this machine's floating-point units do at most, for comparison.
#pragma once

namespace quern::tools {

/// GFLOP/s of `threads` threads that do nothing but f32 multiply-adds in registers, with the widest
/// vectors that the processor has: the best of some short runs.
double peakGflops(unsigned threads);

} // namespace quern::tools
