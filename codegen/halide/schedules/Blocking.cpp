#include "codegen/halide/schedules/Blocking.h"

#include "codegen/halide/schedules/Parallelism.h"
#include "ir/conv/Division.h"

#include <algorithm>
#include <limits>

namespace quern::codegen {

namespace {

using ir::ceilDiv;

/// Bytes that move between the second-level cache and what lies behind it, plus a quarter of what
/// panels move to the first.
double traffic(const BlockingQuery &query, const Blocking &blocking, const CpuTarget &cpu) {
  auto cache = static_cast<double>(cpu.l2Bytes);
  auto copies = static_cast<double>(query.copies);
  double blocks = static_cast<double>(ceilDiv(query.units, blocking.unitsPerBlock)) * copies;
  auto groups = static_cast<double>(ceilDiv(query.panels, blocking.panelsPerGroup));
  auto panels = static_cast<double>(query.panels);
  double block = static_cast<double>(blocking.unitsPerBlock) * query.unitBytes + query.haloBytes;
  double input =
      static_cast<double>(query.units) * copies * query.unitBytes + blocks * query.haloBytes;
  double weights = panels * query.panelBytes;
  bool inputStays = block + query.panelBytes <= 0.75 * cache;
  bool weightsStay = weights <= 0.5 * cache;
  return input * (inputStays ? groups : panels) + weights * (weightsStay ? 1 : blocks) +
         0.25 * weights * blocks;
}

} // namespace

int64_t keepLastTogether(int64_t units, int64_t perBlock) {
  while (perBlock < units && (units - 1) % perBlock == 0)
    ++perBlock;
  return perBlock;
}

Blocking chooseBlocking(const BlockingQuery &query, const CpuTarget &cpu) {
  Blocking best{.unitsPerBlock = query.units};
  double least = std::numeric_limits<double>::infinity();
  for (int64_t blocks = 1; blocks <= query.units; ++blocks) {
    Blocking candidate;
    candidate.unitsPerBlock = ceilDiv(query.units, blocks);
    if (query.lastOverlaps &&
        candidate.unitsPerBlock != keepLastTogether(query.units, candidate.unitsPerBlock))
      continue;
    int64_t count = ceilDiv(query.units, candidate.unitsPerBlock);
    if (count != blocks)
      continue;
    int64_t groups = std::min(query.panels, ceilDiv(query.tasks, count * query.copies));
    candidate.panelsPerGroup = blockFor(query.panels, groups);
    int64_t tasks = count * query.copies * ceilDiv(query.panels, candidate.panelsPerGroup);
    if (2 * tasks < query.tasks && count < query.units)
      continue;
    // Fewer tasks than wanted, should that save much.
    double bytes = traffic(query, candidate, cpu) * (tasks < query.tasks ? 1.25 : 1);
    if (bytes < least) {
      least = bytes;
      best = candidate;
    }
  }
  return best;
}

} // namespace quern::codegen
