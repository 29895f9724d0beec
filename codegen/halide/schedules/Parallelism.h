#pragma once

#include "codegen/halide/schedules/CpuTarget.h"

#include <cstdint>

namespace quern::codegen {

/// The work of a kernel: floating-point operations and bytes moved to and from memory.
struct Work {
  double flops = 0;
  double bytes = 0;
};

/// Microseconds that one core takes for `work`, roughly: the slower of arithmetic at 70 % of peak
/// and memory at 12 GB/s.
double estimateMicroseconds(const Work &work, const CpuTarget &cpu);

/// Into how many tasks to divide a kernel: 1 below about 20 microseconds of work, else enough for
/// some eight tasks a thread as long as each keeps a few microseconds. A virtual core may lose its
/// time slice, so balance matters more than the cost of taking a task.
int64_t wantedTasks(const Work &work, const CpuTarget &cpu);

/// Into how many tasks to divide a product that reads each of its `weightBytes` once, as steps of a
/// sequence do time and again: a core that always takes the same part keeps it in its cache. 1
/// below what takes two microseconds to read from behind that cache, else two to four.
int64_t wantedParts(double weightBytes);

/// The largest block length for which dividing `extent` into blocks gives at least `tasks` of them
/// (1 at the least), preferring one that divides `extent` when it is no smaller than half of that.
int64_t blockFor(int64_t extent, int64_t tasks);

} // namespace quern::codegen
