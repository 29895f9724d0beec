// How a transform of several axes is divided into passes of small ones, and the order of the
// frequencies that comes out: a matter of the sizes alone, so that filters can be transformed
// before any plan is made.
#pragma once

#include <cstdint>
#include <vector>

namespace quern::ir {

/// One pass of a transform: `radix` samples at a distance become `radix` frequencies. Passes are
/// numbered over all axes, x first; pass p transforms index p of the data.
struct FftPass {
  int axis = 0;
  int64_t radix = 1;
  int64_t stored = 1; ///< frequencies kept: radix / 2 + 1 in the very first pass, else radix
  int64_t stride = 1; ///< distance of its samples: the radices behind it in the same axis
  int64_t before = 1; ///< distance of its frequencies: the radices before it in the same axis
};

/// The passes of a transform of `sizes`, x first: x is real. Requires isFftSize of each.
std::vector<FftPass> fftPasses(const std::vector<int64_t> &sizes);

/// Whether a transform of that length has passes: no prime factor above 13.
bool isFftSize(int64_t size);

/// Where a stored frequency lies in natural order.
struct StoredFrequency {
  int64_t index;   ///< in [kz][ky][kx], kx <= sizes[0] / 2
  bool isMirrored; ///< the conjugate of what lies there
};

/// All stored frequencies, in the order in which the last group of passes meets them, the last
/// pass's index fastest; a few appear twice.
std::vector<StoredFrequency> storedFrequencies(const std::vector<int64_t> &sizes);

} // namespace quern::ir
