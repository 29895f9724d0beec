#include "codegen/halide/schedules/GroupedConv.h"

#include "codegen/halide/schedules/Parallelism.h"

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

TailStrategy tailFor(int64_t extent, int64_t factor) {
  return extent % factor == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf;
}

} // namespace

void scheduleDepthwiseConv(const ConvProblem &p, const CpuTarget &cpu, Func padded, Func acc,
                           Func output) {
  const int lanes = cpu.lanes;
  Var c = output.args()[0], x = output.args()[1], y = output.args()[2], n = output.args()[3];
  Var xo("xo"), xi("xi"), co("co"), strip("strip"), task("task");
  int mx = static_cast<int>(std::min<int64_t>(p.outWidth, cpu.registers / 2));
  if (p.outWidth % mx != 0)
    for (int candidate = mx; candidate >= 4; --candidate)
      if (p.outWidth % candidate == 0) {
        mx = candidate;
        break;
      }
  int64_t tasks = wantedTasks(workOf(p), cpu);
  int64_t rows = blockFor(p.outHeight, std::max<int64_t>(tasks / p.batch, 1));

  output.split(x, xo, xi, mx, TailStrategy::ShiftInwards)
      .split(c, co, c, lanes, tailFor(p.outChannels, lanes))
      .split(y, strip, y, static_cast<int>(rows), tailFor(p.outHeight, rows))
      .reorder(c, xi, co, xo, y, strip, n)
      .fuse(strip, n, task)
      .vectorize(c)
      .unroll(xi);
  if (tasks > 1)
    output.parallel(task);
  if (p.isPadded() || p.planarInput) {
    Var pc = padded.args()[0];
    padded.compute_at(output, task);
    if (p.inChannels >= lanes)
      padded.vectorize(pc, lanes, tailFor(p.inChannels, lanes));
  }
  Var ac = acc.args()[0], ax = acc.args()[1];
  auto r = acc.rvars(0);
  acc.compute_at(output, co)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(ac, lanes)
      .bound_extent(ax, mx)
      .vectorize(ac)
      .unroll(ax);
  acc.update().reorder(ac, ax, r[0], r[1]).vectorize(ac).unroll(ax).unroll(r[0]).unroll(r[1]);
}

void scheduleGroupedConv(const ConvProblem &p, const CpuTarget &cpu, Func padded, Func acc,
                         Func output) {
  std::vector<Var> args = output.args();
  const int lanes = cpu.lanes;
  Var c = args[0], task("task");
  bool vector = p.outChannels >= lanes;
  if (vector)
    output.vectorize(c, lanes, tailFor(p.outChannels, lanes));
  if (args.size() > 2) {
    Var outer = args[2];
    for (size_t i = 3; i < args.size(); ++i) {
      Var fused("fused");
      output.fuse(outer, args[i], fused);
      outer = fused;
    }
    if (wantedTasks(workOf(p), cpu) > 1)
      output.parallel(outer);
    task = outer;
  }
  if ((p.isPadded() || p.planarInput) && padded.defined())
    padded.compute_root();
  acc.compute_at(output, args.size() > 1 ? args[1] : c);
  if (vector) {
    Var ac = acc.args()[0];
    std::vector<Halide::VarOrRVar> order{ac};
    for (size_t i = 1; i < acc.args().size(); ++i)
      order.emplace_back(acc.args()[i]);
    for (const auto &r : acc.rvars(0))
      order.emplace_back(r);
    acc.vectorize(ac, lanes);
    acc.update().reorder(order).vectorize(ac, lanes);
  }
}

} // namespace quern::codegen
