#include "codegen/halide/schedules/Parallelism.h"

#include <algorithm>

namespace quern::codegen {

namespace {
constexpr double serialMicroseconds = 20;
constexpr double taskMicroseconds = 4;
constexpr int64_t tasksPerThread = 8;
constexpr double bytesPerNanosecond = 12;
constexpr double bytesOfPart = 32 * 1024;
constexpr int64_t mostParts = 4;
} // namespace

double estimateMicroseconds(const Work &work, const CpuTarget &cpu) {
  return std::max(work.flops / (0.7 * cpu.flopsPerNanosecond), work.bytes / bytesPerNanosecond) /
         1000;
}

int64_t wantedTasks(const Work &work, const CpuTarget &cpu) {
  double microseconds = estimateMicroseconds(work, cpu);
  if (microseconds < serialMicroseconds)
    return 1;
  return std::clamp(static_cast<int64_t>(microseconds / taskMicroseconds), int64_t{2},
                    tasksPerThread * cpu.threads);
}

int64_t wantedParts(double weightBytes) {
  return std::clamp(static_cast<int64_t>(weightBytes / bytesOfPart), int64_t{1}, mostParts);
}

int64_t blockFor(int64_t extent, int64_t tasks) {
  int64_t longest = std::max<int64_t>(1, extent / std::max<int64_t>(1, tasks));
  for (int64_t length = longest; 2 * length >= longest && length > 0; --length)
    if (extent % length == 0)
      return length;
  return longest;
}

} // namespace quern::codegen
