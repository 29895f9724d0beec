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

/// Channels of a block of the depth, if few outputs are sums of so many products that it is worth
/// a thought; else 0.
int64_t depthBlockOf(const ConvProblem &p) {
  constexpr int64_t fewPositions = 256, leastDepth = 512, mostChannels = 64, leastChannels = 32;
  if (p.outWidth * p.outHeight > fewPositions || p.groupInputs() * p.taps() < leastDepth)
    return 0;
  int64_t channels = largestDivisor(p.groupInputs(), mostChannels);
  return channels >= leastChannels ? channels : 0;
}

/// Chooses the tile, unless one is given, and whether it adds up all products of its sums at once
/// or block by block.
void chooseSums(DirectConvPlan &plan, std::optional<RegisterTile> tile) {
  const ConvProblem &p = plan.problem;
  bool isCopied = p.isPadded() || p.planarInput || p.computedInput;
  TileQuery query{.channels = p.outChannels,
                  .width = p.outWidth,
                  .height = p.outHeight,
                  .depth = p.groupInputs() * p.taps(),
                  .positionBytes = isCopied ? 0 : positionBytes(p)};
  plan.tile = tile ? *tile : chooseGroupTile(query, p.groups, plan.cpu);
  TileQuery blocked = query;
  blocked.depthBlock = depthBlockOf(p);
  if (blocked.depthBlock == 0 || (tile && !isBlockable(blocked, *tile, plan.cpu)))
    return;
  RegisterTile ofBlocks = tile ? *tile : chooseGroupTile(blocked, p.groups, plan.cpu);
  if (tileCost(blocked, ofBlocks, plan.cpu) >= tileCost(query, plan.tile, plan.cpu))
    return;
  plan.tile = ofBlocks;
  plan.depthBlock = blocked.depthBlock;
}

/// Strips of rows that share the image evenly and whose sums the stack holds.
void chooseBlockedStrips(DirectConvPlan &plan) {
  const ConvProblem &p = plan.problem;
  int64_t rowBytes = 4 * plan.panelWidth * p.outWidth;
  plan.stripColumns = p.outWidth;
  plan.stripRows = plan.tile.my;
  for (int64_t rows = plan.tile.my;
       rows <= p.outHeight && rows * rowBytes <= blockedSumBytes(plan.cpu); rows += plan.tile.my)
    if (p.outHeight % rows == 0)
      plan.stripRows = rows;
}

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
  chooseSums(plan, tile);
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
  if (plan.depthBlock > 0)
    chooseBlockedStrips(plan);
  if (p.isPadded() || p.planarInput) {
    int64_t strips = ceilDiv(p.outHeight, plan.stripRows) * p.batch;
    bool strip = strips >= std::min<int64_t>(tasks, 2 * cpu.threads);
    plan.paddedInput = strip ? PaddedInput::Strip : PaddedInput::Root;
    if (strip)
      plan.panelsPerTask = plan.panels;
  }
  return plan;
}

namespace {

/// The sums of one tile, in registers; computed in each turn of `consumer`'s loop `at`.
void scheduleTile(const DirectConvPlan &plan, Func acc, Func consumer, const Var &at) {
  const auto [nv, mx, my] = plan.tile;
  Var c = acc.args()[0], x = acc.args()[1], y = acc.args()[2];
  acc.store_in(Halide::MemoryType::Stack)
      .bound_extent(c, static_cast<int>(plan.panelWidth))
      .bound_extent(x, mx)
      .bound_extent(y, my)
      .vectorize(c, plan.cpu.lanes)
      .unroll(c)
      .unroll(x)
      .unroll(y);
  auto r = acc.rvars(0);
  auto update = acc.update();
  std::vector<Halide::VarOrRVar> order{c, x, y};
  order.insert(order.end(), r.begin(), r.end());
  update.reorder(order).vectorize(c, plan.cpu.lanes).unroll(c).unroll(x).unroll(y);
  if (plan.unrollDepth > 1)
    update.unroll(r[0], static_cast<int>(plan.unrollDepth));
  acc.compute_at(consumer, at);
}

/// All tiles of a strip add up the products of one block of channels under one tap, whose weights
/// the first-level cache holds, then those of the next.
void scheduleBlockedSum(const DirectConvPlan &plan, Func acc, Func output, const Var &panel) {
  const auto [nv, mx, my] = plan.tile;
  const int lanes = plan.cpu.lanes;
  Var c = acc.args()[0], x = acc.args()[1], y = acc.args()[2];
  Var xo("x_tile"), yo("y_tile"), xi("xi"), yi("yi");
  Halide::RVar ro("ro"), ri("ri");
  auto r = acc.rvars(0);
  acc.update().split(r[0], ro, ri, static_cast<int>(plan.depthBlock));
  std::vector<std::pair<Halide::RVar, Var>> kept{{ro, Var("channels")}};
  for (size_t i = 1; i < r.size(); ++i)
    kept.emplace_back(r[i], Var("tap" + std::to_string(i)));
  Func partial = acc.update().rfactor(kept);
  acc.compute_at(output, panel)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(c, static_cast<int>(plan.panelWidth))
      .bound_extent(x, static_cast<int>(plan.stripColumns))
      .bound_extent(y, static_cast<int>(plan.stripRows))
      .vectorize(c, lanes)
      .unroll(c);
  auto update = acc.update();
  std::vector<Halide::VarOrRVar> order{c, xi, yi, xo, yo, ro};
  order.insert(order.end(), r.begin() + 1, r.end());
  update.split(x, xo, xi, mx, TailStrategy::GuardWithIf)
      .split(y, yo, yi, my, TailStrategy::GuardWithIf)
      .reorder(order)
      .vectorize(c, lanes)
      .unroll(c)
      .unroll(xi)
      .unroll(yi);
  scheduleTile(plan, partial, acc, xo);
}

/// Cuts `output` into tasks, and these into tiles.
void scheduleTasks(const DirectConvPlan &plan, const Var &tileColumn, const Var &panel,
                   const Var &task, Func output) {
  const ConvProblem &p = plan.problem;
  const int width = static_cast<int>(plan.panelWidth);
  const auto [nv, mx, my] = plan.tile;
  std::vector<Var> args = output.args();
  Var c = args[0], x = args[1], y = args[2];
  Var group("group"), xi("xi"), tileRow("y_tile"), yi("yi"), strip("strip"), block("block");
  TailStrategy channelTail =
      p.outChannels % width == 0 ? TailStrategy::RoundUp : TailStrategy::Predicate;
  output.split(c, panel, c, width, channelTail)
      .split(x, tileColumn, xi, mx, TailStrategy::ShiftInwards)
      .split(y, tileRow, yi, my, TailStrategy::ShiftInwards)
      .split(tileRow, strip, tileRow, static_cast<int>(ceilDiv(plan.stripRows, my)),
             TailStrategy::GuardWithIf)
      .split(tileColumn, block, tileColumn, static_cast<int>(ceilDiv(plan.stripColumns, mx)),
             TailStrategy::GuardWithIf)
      .split(panel, group, panel, static_cast<int>(plan.panelsPerTask), TailStrategy::GuardWithIf)
      .reorder(c, xi, yi, tileColumn, tileRow, panel, block, strip, group)
      .vectorize(c, plan.cpu.lanes)
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
}

/// The padded copy of the input, of all of it or of what a task reads.
void schedulePadded(const DirectConvPlan &plan, const Func &output, const Var &task, Func padded) {
  const ConvProblem &p = plan.problem;
  const int lanes = plan.cpu.lanes;
  Var c = padded.args()[0], x = padded.args()[1], y = padded.args()[2];
  if (plan.paddedInput == PaddedInput::Strip) {
    padded.compute_at(output, task);
  } else {
    padded.compute_root();
    if (plan.parallel)
      padded.parallel(y,
                      static_cast<int>(std::max<int64_t>(1, p.inHeight / (2 * plan.cpu.threads))));
  }
  if (p.planarInput)
    padded.reorder_storage(x, y, c).reorder(x, y, c).vectorize(x, lanes, TailStrategy::GuardWithIf);
  else if (p.inChannels >= lanes)
    padded.vectorize(c, lanes,
                     p.inChannels % lanes == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
  if (!p.planarInput)
    spreadOverSets(padded, c, p.inChannels, plan.tile.mx, positionBytes(p));
}

} // namespace

void scheduleDirectConv(const DirectConvPlan &plan, Func padded, Func acc, Func output) {
  Var tileColumn("x_tile"), panel("panel"), task("task");
  scheduleTasks(plan, tileColumn, panel, task, output);
  if (plan.paddedInput != PaddedInput::Inline)
    schedulePadded(plan, output, task, padded);
  if (plan.depthBlock > 0)
    scheduleBlockedSum(plan, acc, output, panel);
  else
    scheduleTile(plan, acc, output, tileColumn);
}

void schedulePaddedGroups(const DirectConvPlan &plan, Func padded, Func acc, Func sums,
                          const std::vector<int64_t> &extents, Func output) {
  sums.compute_root();
  for (size_t i = 0; i < extents.size(); ++i)
    sums.bound(sums.args()[i], 0, static_cast<int>(extents[i]));
  scheduleDirectConv(plan, padded, acc, sums);
  std::vector<Var> args = output.args();
  Var outer = args[2];
  for (size_t i = 3; i < args.size(); ++i)
    output.fuse(outer, args[i], outer);
  output.vectorize(args[0], plan.cpu.lanes, TailStrategy::GuardWithIf);
  if (plan.parallel)
    output.parallel(outer);
}

} // namespace quern::codegen
