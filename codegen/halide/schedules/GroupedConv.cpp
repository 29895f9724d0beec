#include "codegen/halide/schedules/GroupedConv.h"

#include "codegen/halide/schedules/Blocking.h"
#include "codegen/halide/schedules/Extents.h"
#include "codegen/halide/schedules/Parallelism.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

Work workOf(const ConvProblem &p) {
  return {.flops = p.flops(),
          .bytes = 4.0 * static_cast<double>(p.batch * (p.inWidth * p.inHeight * p.inChannels +
                                                        p.outWidth * p.outHeight * p.outChannels))};
}

/// A block of positions whose accumulators, one vector each, stay in registers.
struct Block {
  int x = 1, y = 1;
  double cost =
      1; ///< relative time of an output, measured with strides 1 and 2 and kernels of 3 and 5
};

Block chooseBlock(const ConvProblem &p) {
  static constexpr Block blocks[] = {
      {7, 1, 1},   {4, 2, 1.02}, {6, 1, 1.1}, {5, 1, 1.1}, {8, 1, 1.2}, {4, 1, 1.2}, {3, 2, 1.2},
      {2, 2, 1.3}, {3, 1, 1.4},  {1, 4, 1.4}, {2, 1, 1.6}, {1, 2, 1.8}, {1, 1, 2.5}};
  auto waste = [](int64_t extent, int block) {
    int64_t computed = ir::roundUp(extent, block);
    return static_cast<double>(computed) / static_cast<double>(extent);
  };
  Block best;
  double least = 1e30;
  for (const Block &block : blocks) {
    if (block.x > p.outWidth || block.y > p.outHeight)
      continue;
    double strided = p.strideX > 1 && block.y == 1 ? 1.1 : 1.0;
    double cost = block.cost * strided * waste(p.outWidth, block.x) * waste(p.outHeight, block.y);
    if (cost < least) {
      least = cost;
      best = block;
    }
  }
  return best;
}

} // namespace

void scheduleDepthwiseConv(const ConvProblem &p, const CpuTarget &cpu, Func padded, Func acc,
                           Func output) {
  const int lanes = cpu.lanes;
  Var c = output.args()[0], x = output.args()[1], y = output.args()[2], n = output.args()[3];
  Var xo("xo"), xi("xi"), yo("yo"), yi("yi"), co("co"), strip("strip"), task("task");
  for (size_t outer = 4; outer < output.args().size(); ++outer)
    output.fuse(n, output.args()[outer], n);
  const Block block = chooseBlock(p);
  int64_t tasks = wantedTasks(workOf(p), cpu);
  int64_t tiles = ir::ceilDiv(p.outHeight, block.y);
  int64_t length = blockFor(tiles, std::max<int64_t>(tasks / p.batch, 1));
  if (p.outHeight % block.y != 0)
    length = keepLastTogether(tiles, length);

  // Channels inside of positions: the rows of the window are then read along their cache lines.
  output.split(x, xo, xi, block.x, TailStrategy::ShiftInwards)
      .split(y, yo, yi, block.y, TailStrategy::ShiftInwards)
      .split(c, co, c, lanes, tailFor(p.outChannels, lanes))
      .split(yo, strip, yo, static_cast<int>(length), tailFor(tiles, length))
      .reorder(c, xi, yi, co, xo, yo, strip, n)
      .fuse(strip, n, task)
      .vectorize(c)
      .unroll(xi)
      .unroll(yi)
      .never_partition(co, task);
  if (tasks > 1)
    output.parallel(task);
  // A mere copy is not made: the loops over positions are partitioned instead, so that only the
  // edges test for them. What has to be computed is computed once, strip by strip.
  if (p.computedInput) {
    padded.compute_at(output, task);
    if (p.inChannels >= lanes)
      padded.vectorize(padded.args()[0], lanes, tailFor(p.inChannels, lanes));
  }
  Var ac = acc.args()[0], ax = acc.args()[1], ay = acc.args()[2];
  auto r = acc.rvars(0);
  acc.compute_at(output, co)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(ac, lanes)
      .bound_extent(ax, block.x)
      .bound_extent(ay, block.y)
      .vectorize(ac)
      .unroll(ax)
      .unroll(ay);
  auto update = acc.update();
  update.reorder(ac, ax, ay, r[0], r[1]).vectorize(ac).unroll(ax).unroll(ay);
  // Larger windows are not unrolled: it is the nine partitions of the code that take the compiler's
  // time.
  if (p.kernelX <= 7)
    update.unroll(r[0]);
  if (p.kernelX * p.kernelY <= 25)
    update.unroll(r[1]);
}

void scheduleGroupedConv(const ConvProblem &p, const CpuTarget &cpu, Func padded, Func acc,
                         Func output) {
  std::vector<Var> args = output.args();
  const int lanes = cpu.lanes;
  Var c = args[0], x = args[1], co("co"), xo("xo"), xi("xi");
  Var outer = args[2];
  for (size_t i = 3; i < args.size(); ++i) {
    Var fused("fused");
    output.fuse(outer, args[i], fused);
    outer = fused;
  }
  if (wantedTasks(workOf(p), cpu) > 1)
    output.parallel(outer);
  if ((p.isPadded() || p.planarInput) && padded.defined())
    padded.compute_root();
  if (p.outChannels < lanes) {
    acc.compute_at(output, x);
    return;
  }
  // As many sums at a time as hide the latency of each.
  const int block = static_cast<int>(std::min<int64_t>(p.outWidth, 6));
  output.split(c, co, c, lanes, tailFor(p.outChannels, lanes))
      .split(x, xo, xi, block, TailStrategy::ShiftInwards)
      .reorder(c, xi, co, xo)
      .vectorize(c)
      .unroll(xi);
  Var ac = acc.args()[0], ax = acc.args()[1];
  std::vector<Halide::VarOrRVar> order{ac, ax};
  for (size_t i = 2; i < acc.args().size(); ++i)
    order.emplace_back(acc.args()[i]);
  for (const auto &r : acc.rvars(0))
    order.emplace_back(r);
  acc.compute_at(output, co)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(ac, lanes)
      .bound_extent(ax, block)
      .vectorize(ac)
      .unroll(ax);
  acc.update().reorder(order).vectorize(ac).unroll(ax);
}

} // namespace quern::codegen
