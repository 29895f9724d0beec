#pragma once

namespace quern::bench {

/// Sets how many threads (the caller's included) serve the parallel loops of compiled kernels. To
/// be called once, before the first kernel runs.
void startPool(int threads);

} // namespace quern::bench
