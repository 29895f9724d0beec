#include "codegen/halide/schedules/DirectConv.h"

#include "codegen/halide/schedules/Parallelism.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t largestDivisor(int64_t value, int64_t limit) {
  for (int64_t d = std::min(value, limit); d > 1; --d)
    if (value % d == 0)
      return d;
  return 1;
}

/// The rows of a strip: its padded input should stay in half of the second-level cache while all
/// panels pass over it, and there should be enough strips for the threads if the panels do not
/// suffice.
int64_t chooseStripRows(const DirectConvPlan &plan) {
  const ConvProblem &p = plan.problem;
  double rowBytes = 4.0 * static_cast<double>(p.inputColumns(p.outWidth) * p.inChannels);
  auto budget = static_cast<double>(plan.cpu.l2Bytes) / 2;
  int64_t rows = p.outHeight;
  while (rows > plan.tile.my && rowBytes * static_cast<double>(p.inputRows(rows)) > budget)
    rows -= 1;
  return std::max<int64_t>(plan.tile.my, rows / plan.tile.my * plan.tile.my);
}

} // namespace

DirectConvPlan planDirectConv(const ConvProblem &p, const CpuTarget &cpu) {
  DirectConvPlan plan{.problem = p, .cpu = cpu};
  int64_t depth = p.inChannels * p.kernelX * p.kernelY;
  plan.tile = chooseTile(
      {.channels = p.outChannels, .width = p.outWidth, .height = p.outHeight, .depth = depth}, cpu);
  plan.panelWidth = int64_t{plan.tile.nv} * cpu.lanes;
  plan.panels = ceilDiv(p.outChannels, plan.panelWidth);
  plan.unrollDepth = largestDivisor(p.inChannels, 4);

  double weights = 4.0 * static_cast<double>(plan.panels * plan.panelWidth * depth);
  double maps = 4.0 * static_cast<double>(p.batch * (p.inWidth * p.inHeight * p.inChannels +
                                                     p.outWidth * p.outHeight * p.outChannels));
  int64_t tasks = wantedTasks({.flops = p.flops(), .bytes = weights + maps}, cpu);
  plan.parallel = tasks > 1;

  plan.stripRows = chooseStripRows(plan);
  int64_t strips = ceilDiv(p.outHeight, plan.stripRows) * p.batch;
  bool stage = p.isPadded() || p.planarInput;
  if (stage)
    plan.paddedInput = strips >= std::min<int64_t>(tasks, 2 * cpu.threads) ? PaddedInput::Strip
                                                                           : PaddedInput::Root;
  if (plan.paddedInput == PaddedInput::Strip) {
    plan.panelsPerTask = plan.panels;
  } else {
    plan.panelsPerTask = blockFor(plan.panels, ceilDiv(tasks, strips));
    int64_t groups = ceilDiv(plan.panels, plan.panelsPerTask);
    if (strips * groups < tasks) {
      int64_t tiles = ceilDiv(p.outHeight, plan.tile.my);
      int64_t wanted = ceilDiv(tasks, groups * p.batch);
      plan.stripRows = std::min(plan.stripRows, blockFor(tiles, wanted) * plan.tile.my);
    }
  }
  return plan;
}

void scheduleDirectConv(const DirectConvPlan &plan, Func padded, Func acc, Func output) {
  const ConvProblem &p = plan.problem;
  const int lanes = plan.cpu.lanes;
  const int width = static_cast<int>(plan.panelWidth);
  const auto [nv, mx, my] = plan.tile;
  Var c = output.args()[0], x = output.args()[1], y = output.args()[2], n = output.args()[3];
  Var panel("panel"), group("group"), xo("xo"), xi("xi"), tile("tile"), yi("yi"), strip("strip"),
      task("task");

  TailStrategy channelTail =
      p.outChannels % width == 0 ? TailStrategy::RoundUp : TailStrategy::Predicate;
  output.split(c, panel, c, width, channelTail)
      .split(x, xo, xi, mx, TailStrategy::ShiftInwards)
      .split(y, tile, yi, my, TailStrategy::ShiftInwards)
      .split(tile, strip, tile, static_cast<int>(plan.stripRows / my), TailStrategy::GuardWithIf)
      .split(panel, group, panel, static_cast<int>(plan.panelsPerTask), TailStrategy::GuardWithIf)
      .reorder(c, xi, yi, xo, tile, panel, strip, group, n)
      .fuse(strip, group, task)
      .fuse(task, n, task)
      .vectorize(c, lanes)
      .unroll(c)
      .unroll(xi)
      .unroll(yi)
      .never_partition_all();
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
      padded.reorder_storage(px, py, pc).reorder(px, py, pc).vectorize(px, lanes);
    else if (p.inChannels >= lanes)
      padded.vectorize(
          pc, lanes, p.inChannels % lanes == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
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
  update.reorder(ac, ax, ay, r[0], r[1], r[2])
      .vectorize(ac, lanes)
      .unroll(ac)
      .unroll(ax)
      .unroll(ay);
  if (plan.unrollDepth > 1)
    update.unroll(r[0], static_cast<int>(plan.unrollDepth));
}

} // namespace quern::codegen
