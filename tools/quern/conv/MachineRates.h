// What the cost model takes this machine to do, measured once.
#pragma once

#include <cstdint>

namespace quern::tools {

/// Of one core while so many threads are busy, to two digits: so that a choice does not hang on the
/// noise of a measurement.
struct MachineRates {
  double flopsPerNanosecond = 0; ///< multiply-adds of f32 in registers, each two
  double bytesPerNanosecond = 0; ///< read from behind the second-level cache
};

/// Measured in about a fifth of a second when first asked for, and kept in the tuning cache.
MachineRates hostRates(unsigned threads, int64_t l2Bytes);

} // namespace quern::tools
