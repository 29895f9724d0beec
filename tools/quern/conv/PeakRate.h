// What this machine does at most, for comparison.
#pragma once

#include <cstdint>

namespace quern::tools {

/// GFLOP/s of `threads` threads, as many as there are processors at most, that do nothing but
/// multiply-adds in registers, of f32 or of f64 by the bytes of an element, with the widest vectors
/// that the processor has: the best of some short runs.
double peakGflops(unsigned threads, int64_t elementBytes = 4);

/// GB/s of `threads` threads, as many as there are processors at most, that read so many bytes
/// each, over and over: the best of some rounds.
double readGigabytes(unsigned threads, int64_t bytesEach);

} // namespace quern::tools
