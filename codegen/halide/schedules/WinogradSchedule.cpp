#include "codegen/halide/schedules/Winograd.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::MemoryType;
using Halide::TailStrategy;
using Halide::Var;
using ir::ceilDiv;

TailStrategy tailFor(int64_t extent, int64_t factor) {
  return extent % factor == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf;
}

/// Whether a transform is straight-line code along all axes. A tile that no registers hold passes
/// through memory anyway, so the axes that are not being transformed are loops: less to compile.
bool isStraightLine(const WinogradPlan &plan) { return plan.products <= plan.cpu.registers; }

/// The loops along the axes of a transform along `own`, innermost first: that one is unrolled.
std::vector<Var> transformLoops(const WinogradPlan &plan, Func stage, const std::vector<Var> &along,
                                size_t own) {
  std::vector<Var> loops{along[own]};
  stage.unroll(along[own]);
  for (size_t a = 0; a < along.size(); ++a) {
    if (a == own)
      continue;
    loops.push_back(along[a]);
    if (isStraightLine(plan))
      stage.unroll(along[a]);
  }
  return loops;
}

std::vector<Var> alongOf(const Func &stage, size_t axes) {
  std::vector<Var> args = stage.args();
  return {args.begin() + 1, args.begin() + 1 + static_cast<std::ptrdiff_t>(axes)};
}

/// The loops of the output that other stages are placed at.
struct OutputLoops {
  Var vector{"vector"}; ///< a vector of channels of one tile
  Var panel{"panel"};   ///< a panel of output channels of one block
  Var task{"task"};     ///< a block of tiles
};

/// Splits the output's spatial axes into blocks, tiles and positions in a tile, and orders them.
OutputLoops scheduleOutput(const WinogradPlan &plan, Func output) {
  OutputLoops loops;
  const SpatialConv &p = plan.problem;
  const int width = static_cast<int>(plan.panelWidth);
  std::vector<Var> args = output.args(), positions, tiles, outer;
  Var c = args[0];
  output
      .split(c, loops.panel, c, width,
             p.outChannels % width == 0 ? TailStrategy::RoundUp : TailStrategy::Predicate)
      .split(c, loops.vector, c, plan.cpu.lanes);
  std::vector<Var> subgrids;
  for (size_t a = 0; a < p.axes.size(); ++a) {
    std::string number = std::to_string(a);
    const Var &position = args[1 + a];
    Var tile("tile" + number), block("block" + number);
    int64_t extent = p.axes[a].out, dilation = p.axes[a].dilation, m = plan.algorithms[a].outputs;
    if (dilation > 1) {
      Var subgrid("subgrid" + number);
      output.split(position, position, subgrid, static_cast<int>(dilation),
                   tailFor(extent, dilation));
      subgrids.push_back(subgrid);
      extent = ceilDiv(extent, dilation);
    }
    if (m > 1) {
      output.split(position, tile, position, static_cast<int>(m), tailFor(extent, m));
      positions.push_back(position);
    } else {
      // Halide names bounds twice where a subgrid's loop is split by 1.
      output.rename(position, tile);
    }
    output.split(tile, block, tile, static_cast<int>(plan.tilesPerBlock[a]),
                 tailFor(plan.tiles[a], plan.tilesPerBlock[a]));
    tiles.push_back(tile);
    outer.push_back(block);
  }
  outer.insert(outer.end(), subgrids.begin(), subgrids.end());
  outer.push_back(args.back());
  std::vector<Halide::VarOrRVar> order{c};
  if (!positions.empty())
    for (const Var &position : transformLoops(plan, output, positions, positions.size() - 1))
      order.emplace_back(position);
  order.emplace_back(loops.vector);
  order.insert(order.end(), tiles.begin(), tiles.end());
  order.emplace_back(loops.panel);
  order.insert(order.end(), outer.begin(), outer.end());
  output.reorder(order).vectorize(c).never_partition_all();
  loops.task = outer[0];
  for (size_t i = 1; i < outer.size(); ++i)
    output.fuse(loops.task, outer[i], loops.task);
  if (plan.parallel)
    output.parallel(plan.parallelBlocks ? loops.task : loops.panel);
  return loops;
}

/// A stage that is computed for one block of tiles, or for one tile, holds one: the extent that
/// Halide infers along the dimensions from `first` on, which count blocks or tiles along each axis,
/// depends on the loops around and would have no bound but their number.
void holdOne(const WinogradPlan &plan, Func stage, size_t first) {
  std::vector<Var> args = stage.args();
  for (size_t a = 0; a < plan.blocks.size(); ++a)
    stage.bound_extent(args[first + a], 1);
}

/// A transform along axis `own` and those before, for one vector of channels of one tile: on the
/// stack where Halide finds it small enough.
void schedulePartialTransform(const WinogradPlan &plan, Func stage, const Func &consumer,
                              const Var &at, size_t own) {
  Var c = stage.args()[0];
  std::vector<Halide::VarOrRVar> order{c};
  for (const Var &loop : transformLoops(plan, stage, alongOf(stage, plan.blocks.size()), own))
    order.emplace_back(loop);
  stage.compute_at(consumer, at).reorder(order).vectorize(c);
}

/// The input's transform: slab by slab of tiles (a row of them in two dimensions), of which the
/// input is copied first, so that the transform need not look for edges.
void scheduleInput(const WinogradPlan &plan, const WinogradStages &stages, const Func &output,
                   const OutputLoops &loops) {
  size_t axes = plan.problem.axes.size();
  Func whole = stages.inputTransforms.back();
  std::vector<Var> args = whole.args();
  Var c = args[0], tile = args[1 + axes], channels = args[2 + axes], vector("vector"), slab("slab");
  int lanes = static_cast<int>(std::min<int64_t>(plan.cpu.lanes, plan.channelBlock));
  whole.compute_at(output, loops.task)
      .bound_extent(c, static_cast<int>(plan.channelBlock))
      .bound_extent(tile, static_cast<int>(plan.blockSize()))
      .split(c, vector, c, lanes, TailStrategy::ShiftInwards)
      .split(tile, slab, tile, static_cast<int>(plan.blockSize() / plan.tilesPerBlock.back()))
      .vectorize(c);
  holdOne(plan, whole, 3 + axes);
  std::vector<Halide::VarOrRVar> order{c};
  std::vector<Var> storage{c, tile};
  std::vector<Var> along = alongOf(whole, axes);
  for (const Var &loop : transformLoops(plan, whole, along, axes - 1))
    order.emplace_back(loop);
  storage.insert(storage.end(), along.begin(), along.end());
  storage.push_back(channels);
  order.insert(order.end(), {vector, tile, channels, slab});
  whole.reorder(order).reorder_storage(storage).never_partition_all();
  if (plan.parallel && !plan.parallelBlocks)
    whole.parallel(slab);
  for (size_t a = 0; a + 1 < axes; ++a)
    schedulePartialTransform(plan, stages.inputTransforms[a], whole, vector, a);

  Func cut = stages.cutInput;
  std::vector<Var> cutArgs = cut.args();
  std::vector<Halide::VarOrRVar> cutOrder{cutArgs[0], cutArgs[1 + axes]};
  for (size_t a = 0; a < axes; ++a)
    cutOrder.emplace_back(cutArgs[1 + a]);
  cut.compute_at(whole, slab).reorder(cutOrder);
  cut.vectorize(cutArgs[0], lanes,
                plan.channelBlock % lanes == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
}

void scheduleProducts(const WinogradPlan &plan, const WinogradStages &stages, const Func &output,
                      const OutputLoops &loops) {
  size_t axes = plan.problem.axes.size();
  const int lanes = plan.cpu.lanes, width = static_cast<int>(plan.panelWidth), mx = plan.tile.mx;
  Func products = stages.products;
  std::vector<Var> args = products.args();
  // Whole products and those of one panel take the weights in the order in which they lie, and can
  // fetch the next ones.
  bool isInOrder = plan.wholeProducts || plan.panels == 1;
  Var c = args[0], tile(isInOrder ? "products_tile" : "tile"), inner("inner"), panel("panel"),
      point = args[1];
  std::vector<Var> storage{c, args[1 + axes]};
  storage.insert(storage.end(), args.begin() + 1,
                 args.begin() + 1 + static_cast<std::ptrdiff_t>(axes));
  products.reorder_storage(storage);
  products.compute_at(output, plan.wholeProducts ? loops.task : loops.panel)
      .bound_extent(args[1 + axes], static_cast<int>(plan.blockSize()))
      .split(c, panel, c, width, TailStrategy::RoundUp)
      .split(args[1 + axes], tile, inner, mx, TailStrategy::ShiftInwards);
  holdOne(plan, products, 2 + axes);
  std::vector<Halide::VarOrRVar> order{c, inner, tile, panel};
  order.insert(order.end(), args.begin() + 1, args.begin() + 1 + static_cast<std::ptrdiff_t>(axes));
  products.reorder(order).vectorize(c, lanes).unroll(c).unroll(inner);
  if (plan.wholeProducts) {
    for (size_t a = 1; a < axes; ++a)
      products.fuse(point, args[1 + a], point);
    products.fuse(panel, point, point);
    if (plan.parallel)
      products.parallel(point);
  }
  Func acc = stages.acc;
  Var ac = acc.args()[0], at = acc.args()[1 + axes];
  acc.compute_at(products, tile)
      .store_in(MemoryType::Stack)
      .bound_extent(ac, width)
      .bound_extent(at, mx)
      .vectorize(ac, lanes)
      .unroll(ac)
      .unroll(at);
  auto r = acc.rvars(0);
  auto update = acc.update();
  update.reorder(ac, at, r[0], r[1]).vectorize(ac, lanes).unroll(ac).unroll(at);
  if (plan.unrollDepth > 1)
    update.unroll(r[0], static_cast<int>(plan.unrollDepth));
}

} // namespace

void scheduleWinograd(const WinogradPlan &plan, const WinogradStages &stages, Func output) {
  OutputLoops loops = scheduleOutput(plan, output);
  size_t axes = plan.problem.axes.size();
  for (size_t a = 0; a + 1 < axes; ++a) {
    schedulePartialTransform(plan, stages.outputTransforms[a], output, loops.vector, a);
    holdOne(plan, stages.outputTransforms[a], 1 + axes);
  }
  scheduleProducts(plan, stages, output, loops);
  scheduleInput(plan, stages, output, loops);
}

} // namespace quern::codegen
