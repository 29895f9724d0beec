#include "codegen/halide/schedules/RegisterTile.h"

#include "ir/conv/CacheWay.h"
#include "ir/conv/Division.h"

#include <algorithm>
#include <numeric>

namespace quern::codegen {

namespace {

constexpr double fmasPerCycle = 2;

/// What was measured of a core: bench/kernels' tables of one layer under many tiles, README.md.
struct Core {
  double latency;           ///< least cycles of a step, for want of independent sums
  double perStep;           ///< cycles of a step that nothing hides
  double loadsPerCycle;     ///< sustained, of broadcasts and vectors together
  double l2Bytes, farBytes; ///< a cycle, from the second-level cache and from behind it
  double contestedShare;    ///< of the second-level cache that a panel may fill besides the next
  double exposed;           ///< part of that traffic which the arithmetic does not hide
  /// Entering the loop, the epilogue and the stores of a tile, by accumulators squared, by
  /// accumulators times positions, and by accumulators.
  double perSquare, perPosition, perAccumulator;
};

Core coreOf(const CpuTarget &cpu) {
  double vectorBytes = 4.0 * cpu.lanes;
  // AVX-512, with elements of 4 or of 8 bytes.
  if (cpu.registers >= 32 && cpu.lanes >= 8)
    return {.latency = 4.5,
            .perStep = 0.5,
            .loadsPerCycle = 2,
            .l2Bytes = 38.0 / 64 * vectorBytes,
            .farBytes = 9.0 / 64 * vectorBytes,
            .contestedShare = 0.45,
            .exposed = 0.25,
            .perSquare = 0,
            .perPosition = 0.7,
            .perAccumulator = 3};
  return {.latency = 4,
          .perStep = 0,
          .loadsPerCycle = 1.5,
          .l2Bytes = 0.9 * vectorBytes,
          .farBytes = 0.3 * vectorBytes,
          .contestedShare = 0.75,
          .exposed = 0,
          .perSquare = 3.2 / cpu.registers,
          .perPosition = 0,
          .perAccumulator = 0};
}

using ir::roundUp;

double wasteFactor(int64_t extent, int64_t block) {
  return static_cast<double>(roundUp(extent, block)) / static_cast<double>(extent);
}

/// Whether the accumulators, the operands in flight and nothing else fit the registers. The limits
/// for 32 registers are those beyond which the assembly was seen to spill.
bool fits(const RegisterTile &tile, const CpuTarget &cpu) {
  int accumulators = tile.accumulators();
  if (cpu.registers >= 32)
    return accumulators <= (tile.nv <= 2 ? 28 : 24);
  return accumulators + tile.nv + 1 <= cpu.registers;
}

/// Cycles for `bytes` of a packed panel of `panelBytes`, by the cache that holds it while `tiles`
/// pass over it. Where these are few, the fetching of the next panel drives it out.
double panelCycles(double bytes, double panelBytes, int64_t tiles, const Core &core,
                   const CpuTarget &cpu) {
  constexpr double share = 0.75;
  constexpr int64_t many = 12;
  if (panelBytes <= share * static_cast<double>(cpu.l1Bytes))
    return 0; // counted as loads
  bool isNear =
      panelBytes <= (tiles < many ? core.contestedShare : share) * static_cast<double>(cpu.l2Bytes);
  return bytes / (isNear ? core.l2Bytes : core.farBytes);
}

/// Cycles of a step for operands that drive each other from the first-level cache.
double contention(const TileQuery &query, const RegisterTile &tile) {
  constexpr int64_t safe = 7; // of eight lines of a set; the panel needs one
  bool rowsMeetToo = query.positionBytes % ir::cacheWayBytes == 0;
  int64_t positions = tile.mx * tile.my,
          inSet = sharingSet(rowsMeetToo ? positions : tile.mx, query.positionBytes);
  double each = inSet > safe ? 0.4 : inSet == safe ? 0.02 : 0;
  return each * static_cast<double>(positions);
}

} // namespace

int64_t sharingSet(int64_t positions, int64_t positionBytes) {
  if (positionBytes == 0)
    return 0;
  int64_t apart = std::gcd(positionBytes, ir::cacheWayBytes); // this far or a multiple of it
  return ir::ceilDiv(positions * apart, ir::cacheWayBytes);
}

int64_t blockedSumBytes(const CpuTarget &cpu) { return cpu.l1Bytes / 2; }

bool isBlockable(const TileQuery &query, const RegisterTile &tile, const CpuTarget &cpu) {
  int64_t rowBytes = int64_t{4} * tile.nv * cpu.lanes * query.width * tile.my;
  return query.width % tile.mx == 0 && query.height % tile.my == 0 &&
         rowBytes <= blockedSumBytes(cpu);
}

double tileCost(const TileQuery &query, const RegisterTile &tile, const CpuTarget &cpu) {
  const Core core = coreOf(cpu);
  double positions = tile.mx * tile.my;
  double accumulators = tile.accumulators();
  double depth = static_cast<double>(query.depth);
  double stepBytes = 4.0 * tile.nv * cpu.lanes;
  int64_t tiles = ir::ceilDiv(query.width, tile.mx) * ir::ceilDiv(query.height, tile.my);
  int64_t together = query.depthBlock > 0 ? query.depthBlock : query.depth;
  double traffic =
      panelCycles(stepBytes, stepBytes * static_cast<double>(together), tiles, core, cpu);
  double step = std::max({accumulators / fmasPerCycle, core.latency,
                          (tile.nv + positions) / core.loadsPerCycle, traffic}) +
                core.perStep + core.exposed * traffic;
  step += contention(query, tile);
  if (query.depthBlock > 0) // sums are loaded and stored
    step += accumulators / static_cast<double>(query.depthBlock);
  double cycles = step * depth + core.perSquare * accumulators * accumulators +
                  core.perPosition * accumulators * positions + core.perAccumulator * accumulators;
  double waste = wasteFactor(query.channels, tile.nv * cpu.lanes) *
                 wasteFactor(query.width, tile.mx) * wasteFactor(query.height, tile.my);
  return cycles * waste / (depth * accumulators * cpu.lanes);
}

RegisterTile chooseTile(const TileQuery &query, const CpuTarget &cpu) {
  RegisterTile best;
  double bestCost = tileCost(query, best, cpu);
  int64_t vectors = roundUp(query.channels, cpu.lanes) / cpu.lanes;
  auto limit = [&](int64_t extent) {
    return static_cast<int>(std::min<int64_t>(extent, cpu.registers));
  };
  for (int my = 1; my <= limit(query.height) && my <= 4; ++my)
    for (int nv = 1; nv <= limit(vectors); ++nv)
      for (int mx = 1; mx <= limit(query.width); ++mx) {
        RegisterTile tile{.nv = nv, .mx = mx, .my = my};
        if (!fits(tile, cpu))
          break;
        if (query.depthBlock > 0 && !isBlockable(query, tile, cpu))
          continue;
        double cost = tileCost(query, tile, cpu);
        if (cost < bestCost * 0.999) {
          best = tile;
          bestCost = cost;
        }
      }
  return best;
}

RegisterTile chooseGroupTile(TileQuery query, int64_t groups, const CpuTarget &cpu) {
  int64_t each = query.channels / groups;
  bool isWhole = each % cpu.lanes == 0;
  if (isWhole)
    query.channels = each;
  RegisterTile tile = chooseTile(query, cpu);
  if (groups > 1 && isWhole)
    while (each % (int64_t{tile.nv} * cpu.lanes) != 0)
      --tile.nv;
  return tile;
}

} // namespace quern::codegen
