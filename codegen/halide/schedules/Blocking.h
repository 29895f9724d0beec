#pragma once

#include "codegen/halide/schedules/CpuTarget.h"

#include <cstdint>

namespace quern::codegen {

/// How a matrix-like kernel is cut into tasks: blocks of positions by groups of panels. Within a
/// task one panel after the other passes over all positions of the block.
struct Blocking {
  int64_t unitsPerBlock = 1;
  int64_t panelsPerGroup = 1;
};

/// What a blocking is chosen for. A unit is the least run of positions that is worth cutting at: a
/// row of tiles of an image, or one tile of a matrix product's rows.
struct BlockingQuery {
  int64_t units = 1;
  /// Whether the last unit computes some outputs of the one before it again: both must then belong
  /// to one task, lest two of them write one place.
  bool lastOverlaps = false;
  int64_t copies = 1;   ///< independent images or matrices
  double unitBytes = 0; ///< input of one unit
  double haloBytes = 0; ///< input that a block needs beyond that of its units
  int64_t panels = 1;
  double panelBytes = 0;
  int64_t tasks = 1; ///< wanted at least
};

/// Chooses the blocking that moves the least between the second-level cache and what lies behind
/// it: short blocks keep their input in the cache while all panels pass, long ones fetch each panel
/// fewer times.
Blocking chooseBlocking(const BlockingQuery &query, const CpuTarget &cpu);

/// `perBlock`, or the next larger number of `units` with which the last block holds more than the
/// last of them.
int64_t keepLastTogether(int64_t units, int64_t perBlock);

} // namespace quern::codegen
