#pragma once

#include "codegen/halide/schedules/CpuTarget.h"

#include <cstdint>

namespace quern::codegen {

/// The block of outputs that a matrix-like kernel keeps in registers: `nv` vectors of channels at
/// each of `mx` x `my` positions.
struct RegisterTile {
  int nv = 1;
  int mx = 1;
  int my = 1;

  int accumulators() const { return nv * mx * my; }
  bool operator==(const RegisterTile &) const = default;
};

/// What a tile is chosen for: `channels` outputs at `width` x `height` positions, each a sum of
/// `depth` products.
struct TileQuery {
  int64_t channels = 1;
  int64_t width = 1;
  int64_t height = 1; ///< 1: rows are not blocked
  int64_t depth = 1;
  /// Bytes between the operands of neighbouring positions, where they lie as they came; 0 where
  /// they were laid out so as to share the cache well.
  int64_t positionBytes = 0;
  /// Products that a tile adds up before the next tile has its turn; 0: all of a sum. Tiles then
  /// divide the outputs, and the sums of a row of tiles fit blockedSumBytes.
  int64_t depthBlock = 0;
};

/// The sums that wait in memory while a block of the depth passes over all tiles: a part of the
/// first-level cache, on the stack.
int64_t blockedSumBytes(const CpuTarget &cpu);

/// How many of `positions` operands, `positionBytes` apart, meet in one set of the first-level
/// cache, which holds eight lines.
int64_t sharingSet(int64_t positions, int64_t positionBytes);

/// Whether the depth of the query may be cut into its blocks under this tile.
bool isBlockable(const TileQuery &query, const RegisterTile &tile, const CpuTarget &cpu);

/// Cycles per product of the whole kernel under `tile`, by counting: FMAs, their latency, loads,
/// cache traffic of the packed operand, operands that drive each other from the cache, the start
/// and end of a tile, and outputs computed twice or thrown away at the edges.
double tileCost(const TileQuery &query, const RegisterTile &tile, const CpuTarget &cpu);

/// The cheapest tile by `tileCost` among those that fit the registers.
RegisterTile chooseTile(const TileQuery &query, const CpuTarget &cpu);

/// The same for channels in `groups`: where a group's are whole vectors, so are they whole tiles,
/// and else tiles reach across groups.
RegisterTile chooseGroupTile(TileQuery query, int64_t groups, const CpuTarget &cpu);

} // namespace quern::codegen
