#include "codegen/halide/schedules/RegisterTile.h"

#include <algorithm>

namespace quern::codegen {

namespace {

constexpr double fmasPerCycle = 2;
constexpr double fmaLatency = 4;
constexpr double loadsPerCycle = 1.5; // sustained, of broadcasts and vectors together

int64_t roundUp(int64_t value, int64_t factor) { return (value + factor - 1) / factor * factor; }

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

/// Bytes a cycle at which a packed panel of `bytes` arrives, by the cache that holds it.
double panelBandwidth(double bytes, const CpuTarget &cpu) {
  double vectorBytes = 4.0 * cpu.lanes;
  if (bytes <= 0.75 * static_cast<double>(cpu.l1Bytes))
    return loadsPerCycle * vectorBytes;
  if (bytes <= 0.75 * static_cast<double>(cpu.l2Bytes))
    return 0.9 * vectorBytes;
  return 0.3 * vectorBytes;
}

} // namespace

double tileCost(const TileQuery &query, const RegisterTile &tile, const CpuTarget &cpu) {
  double positions = tile.mx * tile.my;
  double accumulators = tile.accumulators();
  double depth = static_cast<double>(query.depth);
  double panelWidth = static_cast<double>(tile.nv * cpu.lanes);
  double step =
      std::max({accumulators / fmasPerCycle, fmaLatency, (tile.nv + positions) / loadsPerCycle,
                4 * panelWidth / panelBandwidth(4 * panelWidth * depth, cpu)});
  // Entering the loop, the epilogue and the stores: measured, more than in proportion.
  double cycles = step * depth + 3.2 * accumulators * accumulators / cpu.registers;
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
        double cost = tileCost(query, tile, cpu);
        if (cost < bestCost * 0.999) {
          best = tile;
          bestCost = cost;
        }
      }
  return best;
}

} // namespace quern::codegen
