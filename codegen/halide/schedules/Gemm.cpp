#include "codegen/halide/schedules/Gemm.h"

#include "codegen/halide/schedules/Blocking.h"
#include "codegen/halide/schedules/Parallelism.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;
using ir::ceilDiv;

/// The vectors of a panel that products of many rows have. Where those of one row have the same,
/// both can share the packed weights.
int usualPanel(const GemmProblem &p, const CpuTarget &cpu) {
  constexpr int64_t manyRows = 256;
  return chooseTile({.channels = p.columns, .width = manyRows, .height = 1, .depth = p.depth}, cpu)
      .nv;
}

/// For a matrix-vector product as many usual panels a tile as divide all of them, fit the registers
/// and leave a tile for each of `parts`: sums enough to hide the latency of each. None where they
/// do not divide.
std::optional<RegisterTile> vectorTile(const GemmProblem &p, int64_t parts, const CpuTarget &cpu) {
  int vectors = usualPanel(p, cpu);
  int64_t panels = ceilDiv(p.columns, int64_t{vectors} * cpu.lanes);
  int64_t most = std::min<int64_t>(ceilDiv(panels, parts), (cpu.registers - 2) / vectors);
  for (int64_t together = most; together >= 1; --together)
    if (panels % together == 0 && (together > 1 || panels == parts))
      return RegisterTile{.nv = vectors * static_cast<int>(together)};
  return std::nullopt;
}

/// For a B that is read where it lies as many vectors a tile as divide its columns. None where
/// those are no whole vectors.
std::optional<RegisterTile> inPlaceTile(const GemmProblem &p, const CpuTarget &cpu) {
  if (p.columns % cpu.lanes != 0)
    return std::nullopt;
  int64_t vectors = p.columns / cpu.lanes;
  int64_t together = std::min<int64_t>(vectors, cpu.registers - 2);
  while (vectors % together != 0)
    --together;
  return RegisterTile{.nv = static_cast<int>(together)};
}

} // namespace

GemmPlan planGemm(const GemmProblem &p, const CpuTarget &cpu, std::optional<RegisterTile> tile) {
  GemmPlan plan{.problem = p, .cpu = cpu};
  auto size = [](int64_t a, int64_t b) {
    return 4.0 * static_cast<double>(a) * static_cast<double>(b);
  };
  bool isVector = p.rows == 1 && p.constantB;
  int64_t parts = isVector ? wantedParts(size(p.depth, p.columns)) : 1;
  if (!tile && p.inPlaceB)
    tile = inPlaceTile(p, cpu);
  else if (!tile && isVector)
    tile = vectorTile(p, parts, cpu);
  plan.tile =
      tile ? *tile
           : chooseTile({.channels = p.columns, .width = p.rows, .height = 1, .depth = p.depth},
                        cpu);
  plan.tile.mx = static_cast<int>(std::min<int64_t>(plan.tile.mx, p.rows));
  plan.tile.my = 1;
  int64_t usualWidth = int64_t{usualPanel(p, cpu)} * cpu.lanes;
  plan.readsInPlace = p.inPlaceB && p.columns % plan.tileWidth() == 0;
  bool isShared = isVector && !p.inPlaceB && plan.tileWidth() % usualWidth == 0 &&
                  ceilDiv(p.columns, usualWidth) * usualWidth % plan.tileWidth() == 0;
  plan.panelWidth = isShared ? usualWidth : plan.tileWidth();
  plan.panels = ceilDiv(p.columns, plan.panelWidth);
  plan.unrollDepth = p.depth % 4 == 0 ? 4 : p.depth % 3 == 0 ? 3 : p.depth % 2 == 0 ? 2 : 1;

  auto batch = static_cast<double>(p.batch);
  Work work{.flops = 0.5 * batch * size(p.rows, p.columns) * static_cast<double>(p.depth),
            .bytes = batch *
                     (size(p.rows, p.depth) + size(p.rows, p.columns) + size(p.depth, p.columns))};
  int64_t tasks = std::max(wantedTasks(work, cpu), parts);
  plan.parallel = tasks > 1;

  Blocking blocking = chooseBlocking({.units = ceilDiv(p.rows, plan.tile.mx),
                                      .lastOverlaps = p.rows % plan.tile.mx != 0,
                                      .copies = p.batch,
                                      .unitBytes = size(plan.tile.mx, p.depth),
                                      .haloBytes = 0,
                                      .panels = ceilDiv(p.columns, plan.tileWidth()),
                                      .panelBytes = size(plan.tileWidth(), p.depth),
                                      .tasks = tasks},
                                     cpu);
  plan.rowsPerTask = blocking.unitsPerBlock * plan.tile.mx;
  plan.panelsPerTask = blocking.panelsPerGroup;
  return plan;
}

void scheduleGemm(const GemmPlan &plan, Func packed, Func acc, Func output) {
  const GemmProblem &p = plan.problem;
  const int lanes = plan.cpu.lanes;
  const int width = static_cast<int>(plan.tileWidth());
  const int mx = plan.tile.mx;
  std::vector<Var> args = output.args();
  Var n = args[0], m = args[1];
  Var panel("panel"), group("group"), mi("mi"), tile("m_tile"), block("block"), task("task");

  output
      .split(n, panel, n, width,
             p.columns % width == 0 ? TailStrategy::RoundUp : TailStrategy::Predicate)
      .split(m, tile, mi, mx, TailStrategy::ShiftInwards)
      .split(tile, block, tile, static_cast<int>(plan.rowsPerTask / mx), TailStrategy::GuardWithIf)
      .split(panel, group, panel, static_cast<int>(plan.panelsPerTask), TailStrategy::GuardWithIf)
      .reorder(n, mi, tile, panel, block, group)
      .fuse(block, group, task)
      .vectorize(n, lanes)
      .unroll(n)
      .unroll(mi)
      .never_partition_all();
  for (size_t i = 2; i < args.size(); ++i)
    output.fuse(task, args[i], task);
  if (plan.parallel)
    output.parallel(task);

  if (packed.defined()) {
    std::vector<Var> pargs = packed.args();
    packed.compute_root().vectorize(pargs[0], lanes);
    if (plan.parallel) {
      Var all("all");
      packed.fuse(pargs[1], pargs[2], all);
      for (size_t i = 3; i < pargs.size(); ++i)
        packed.fuse(all, pargs[i], all);
      packed.parallel(all,
                      static_cast<int>(std::max<int64_t>(1, p.depth * plan.panels * p.batch / 32)));
    }
  }

  Var an = acc.args()[0], am = acc.args()[1];
  acc.compute_at(output, tile)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(an, width)
      .bound_extent(am, mx)
      .vectorize(an, lanes)
      .unroll(an)
      .unroll(am);
  for (int i = 0; i < acc.num_update_definitions(); ++i) {
    auto update = acc.update(i);
    std::vector<Halide::VarOrRVar> order{an, am};
    for (const Halide::RVar &r : acc.rvars(i))
      order.emplace_back(r);
    update.reorder(order).vectorize(an, lanes).unroll(an).unroll(am);
    if (plan.unrollDepth > 1)
      update.unroll(acc.rvars(i)[0], static_cast<int>(plan.unrollDepth));
  }
}

} // namespace quern::codegen
