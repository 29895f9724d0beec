#include "codegen/halide/schedules/DirectConv.h"

#include "codegen/halide/schedules/Blocking.h"
#include "codegen/halide/schedules/Buffers.h"
#include "codegen/halide/schedules/Parallelism.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

using ir::ceilDiv;

int64_t largestDivisor(int64_t value, int64_t limit) {
  for (int64_t d = std::min(value, limit); d > 1; --d)
    if (value % d == 0)
      return d;
  return 1;
}

/// Bytes between the inputs of neighbouring outputs, channels last.
int64_t positionBytes(const ConvProblem &p) { return 4 * p.inChannels * p.strideX; }

/// Cuts a convolution into tasks: strips of rows, or of pixels where there is only one row (as
/// pointwise ones arrive).
void chooseTasks(DirectConvPlan &plan, int64_t tasks, double panelBytes) {
  const ConvProblem &p = plan.problem;
  int64_t tilesX = ceilDiv(p.outWidth, plan.tile.mx), tilesY = ceilDiv(p.outHeight, plan.tile.my);
  bool oneRow = p.outHeight == 1;
  BlockingQuery query{
      .copies = p.batch, .panels = plan.panels, .panelBytes = panelBytes, .tasks = tasks};
  if (oneRow) {
    double columnBytes = 4.0 * static_cast<double>(p.inputRows(1) * p.inChannels);
    query.units = tilesX;
    query.lastOverlaps = p.outWidth % plan.tile.mx != 0;
    query.unitBytes = columnBytes * static_cast<double>(plan.tile.mx * p.strideX);
    query.haloBytes = columnBytes * static_cast<double>(p.inputColumns(1) - 1);
  } else {
    double rowBytes = 4.0 * static_cast<double>(p.inputColumns(p.outWidth) * p.inChannels);
    query.units = tilesY;
    query.lastOverlaps = p.outHeight % plan.tile.my != 0;
    query.unitBytes = rowBytes * static_cast<double>(plan.tile.my * p.strideY);
    query.haloBytes =
        rowBytes * static_cast<double>(std::max<int64_t>(0, p.inputRows(1) - p.strideY));
  }
  Blocking blocking = chooseBlocking(query, plan.cpu);
  plan.stripColumns = (oneRow ? blocking.unitsPerBlock : tilesX) * plan.tile.mx;
  plan.stripRows = (oneRow ? 1 : blocking.unitsPerBlock) * plan.tile.my;
  plan.panelsPerTask = blocking.panelsPerGroup;
}

} // namespace

DirectConvPlan planDirectConv(const ConvProblem &p, const CpuTarget &cpu,
                              std::optional<RegisterTile> tile) {
  DirectConvPlan plan{.problem = p, .cpu = cpu};
  int64_t depth = p.groupInputs() * p.taps();
  bool isCopied = p.isPadded() || p.planarInput || p.computedInput;
  plan.tile = tile ? *tile
                   : chooseGroupTile({.channels = p.outChannels,
                                      .width = p.outWidth,
                                      .height = p.outHeight,
                                      .depth = depth,
                                      .positionBytes = isCopied ? 0 : positionBytes(p)},
                                     p.groups, cpu);
  plan.tile.mx = static_cast<int>(std::min<int64_t>(plan.tile.mx, p.outWidth));
  plan.tile.my = static_cast<int>(std::min<int64_t>(plan.tile.my, p.outHeight));
  plan.panelWidth = int64_t{plan.tile.nv} * cpu.lanes;
  plan.panels = ceilDiv(p.outChannels, plan.panelWidth);
  plan.unrollDepth = largestDivisor(p.groupInputs(), 4);

  double weights = 4.0 * static_cast<double>(plan.panels * plan.panelWidth * depth);
  double maps = 4.0 * static_cast<double>(p.batch * (p.inWidth * p.inHeight * p.inChannels +
                                                     p.outWidth * p.outHeight * p.outChannels));
  int64_t tasks = wantedTasks({.flops = p.flops(), .bytes = weights + maps}, cpu);
  plan.parallel = tasks > 1;
  plan.sharesPanels = weights < maps;

  chooseTasks(plan, tasks, weights / static_cast<double>(plan.panels));
  if (p.isPadded() || p.planarInput) {
    int64_t strips = ceilDiv(p.outHeight, plan.stripRows) * p.batch;
    bool strip = strips >= std::min<int64_t>(tasks, 2 * cpu.threads);
    plan.paddedInput = strip ? PaddedInput::Strip : PaddedInput::Root;
    if (strip)
      plan.panelsPerTask = plan.panels;
  }
  return plan;
}

void scheduleDirectConv(const DirectConvPlan &plan, Func padded, Func acc, Func output) {
  const ConvProblem &p = plan.problem;
  const int lanes = plan.cpu.lanes;
  const int width = static_cast<int>(plan.panelWidth);
  const auto [nv, mx, my] = plan.tile;
  std::vector<Var> args = output.args();
  Var c = args[0], x = args[1], y = args[2];
  Var panel("panel"), group("group"), xo("x_tile"), xi("xi"), tile("y_tile"), yi("yi"),
      strip("strip"), block("block"), task("task");

  TailStrategy channelTail =
      p.outChannels % width == 0 ? TailStrategy::RoundUp : TailStrategy::Predicate;
  output.split(c, panel, c, width, channelTail)
      .split(x, xo, xi, mx, TailStrategy::ShiftInwards)
      .split(y, tile, yi, my, TailStrategy::ShiftInwards)
      .split(tile, strip, tile, static_cast<int>(ceilDiv(plan.stripRows, my)),
             TailStrategy::GuardWithIf)
      .split(xo, block, xo, static_cast<int>(ceilDiv(plan.stripColumns, mx)),
             TailStrategy::GuardWithIf)
      .split(panel, group, panel, static_cast<int>(plan.panelsPerTask), TailStrategy::GuardWithIf)
      .reorder(c, xi, yi, xo, tile, panel, block, strip, group)
      .vectorize(c, lanes)
      .unroll(c)
      .unroll(xi)
      .unroll(yi)
      .never_partition_all();
  if (plan.sharesPanels)
    output.fuse(group, block, task).fuse(task, strip, task);
  else
    output.fuse(block, strip, task).fuse(task, group, task);
  for (size_t image = 3; image < args.size(); ++image)
    output.fuse(task, args[image], task);
  if (plan.parallel)
    output.parallel(task);

  if (plan.paddedInput != PaddedInput::Inline) {
    Var pc = padded.args()[0], px = padded.args()[1], py = padded.args()[2];
    if (plan.paddedInput == PaddedInput::Strip) {
      padded.compute_at(output, task);
    } else {
      padded.compute_root();
      if (plan.parallel)
        padded.parallel(
            py, static_cast<int>(std::max<int64_t>(1, p.inHeight / (2 * plan.cpu.threads))));
    }
    if (p.planarInput)
      padded.reorder_storage(px, py, pc)
          .reorder(px, py, pc)
          .vectorize(px, lanes, TailStrategy::GuardWithIf);
    else if (p.inChannels >= lanes)
      padded.vectorize(
          pc, lanes, p.inChannels % lanes == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
    if (!p.planarInput)
      spreadOverSets(padded, pc, p.inChannels, mx, positionBytes(p));
  }

  Var ac = acc.args()[0], ax = acc.args()[1], ay = acc.args()[2];
  acc.compute_at(output, xo)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(ac, width)
      .bound_extent(ax, mx)
      .bound_extent(ay, my)
      .vectorize(ac, lanes)
      .unroll(ac)
      .unroll(ax)
      .unroll(ay);
  auto r = acc.rvars(0);
  auto update = acc.update();
  std::vector<Halide::VarOrRVar> order{ac, ax, ay};
  order.insert(order.end(), r.begin(), r.end());
  update.reorder(order).vectorize(ac, lanes).unroll(ac).unroll(ax).unroll(ay);
  if (plan.unrollDepth > 1)
    update.unroll(r[0], static_cast<int>(plan.unrollDepth));
}

} // namespace quern::codegen
