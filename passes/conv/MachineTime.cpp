#include "passes/conv/MachineTime.h"

#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::passes {
namespace {

/// How many times faster the second-level cache is than what is behind it, as seen by convolutions
/// (bench/conv/choice.md).
constexpr double cacheSpeed = 2.8;

} // namespace

double timeToCompute(const Machine &machine, double flops, double efficiency) {
  return flops / (efficiency * machine.flopsPerNanosecond * machine.threads);
}

double timeToFetch(const Machine &machine, double bytes) {
  return bytes / (machine.bytesPerNanosecond * machine.threads);
}

double vectorWaste(const Machine &machine, int64_t channels) {
  return static_cast<double>(ir::roundUp(channels, machine.lanes)) / static_cast<double>(channels);
}

double shareBehindCaches(const Machine &machine, double held) {
  auto caches = static_cast<double>(machine.l2Bytes * machine.threads);
  return std::max(0.0, 1 - caches / held);
}

double timeToPass(const Machine &machine, const ConvShape &shape) {
  double moved =
      timeToFetch(machine, static_cast<double>(shape.inputBytes() + 2 * shape.outputBytes()));
  bool stays = 2 * (shape.inputBytes() + shape.outputBytes()) < machine.l2Bytes * machine.threads;
  return moved / (stays ? cacheSpeed : 1);
}

} // namespace quern::passes
