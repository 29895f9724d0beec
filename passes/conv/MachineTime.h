// How long a machine takes to compute and to move: what the cost model adds up.
#pragma once

#include "passes/conv/ConvShape.h"

namespace quern::passes {

/// Nanoseconds of arithmetic at that share of the peak, on all threads.
double timeToCompute(const Machine &machine, double flops, double efficiency);

/// Nanoseconds to move bytes that come from behind the second-level cache, on all threads.
double timeToFetch(const Machine &machine, double bytes);

/// By how much the vectors that hold so many channels are more than these.
double vectorWaste(const Machine &machine, int64_t channels);

/// The share of `held` bytes that all are in use for which the second-level caches have no room.
double shareBehindCaches(const Machine &machine, double held);

/// Nanoseconds to read an input once and to write an output once: from and to the caches where half
/// of them holds both. A line that is written is fetched before.
double timeToPass(const Machine &machine, const ConvShape &shape);

} // namespace quern::passes
