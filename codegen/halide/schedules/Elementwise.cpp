#include "codegen/halide/schedules/Elementwise.h"

#include "codegen/halide/schedules/Extents.h"
#include "codegen/halide/schedules/Parallelism.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

} // namespace

void scheduleElementwise(Func output, const std::vector<int64_t> &extents, const CpuTarget &cpu,
                         double flopsPerElement) {
  std::vector<Var> args = output.args();
  if (args.empty())
    return;
  double count = elementCount(extents);
  // Such code is not two fused multiply-adds a cycle: count an operation as four.
  int64_t tasks = wantedTasks({.flops = 4 * count * flopsPerElement, .bytes = 8 * count}, cpu);

  // Fuse from the innermost until a vector is filled, or everything when there is but one task's
  // worth outside.
  Var inner = args[0];
  int64_t innerExtent = extents[0];
  size_t next = 1;
  for (; next < args.size() && innerExtent < cpu.lanes; ++next) {
    Var fused("fused");
    output.fuse(inner, args[next], fused);
    inner = fused;
    innerExtent *= extents[next];
  }
  Var outer("outer");
  int64_t outerExtent = 1;
  bool hasOuter = next < args.size();
  if (hasOuter) {
    outer = args[next];
    outerExtent = extents[next];
    for (++next; next < args.size(); ++next) {
      Var fused("fusedOuter");
      output.fuse(outer, args[next], fused);
      outer = fused;
      outerExtent *= extents[next];
    }
  }

  Var task("task"), block("block");
  if (tasks > 1 && hasOuter && outerExtent >= tasks / 2) {
    int64_t length = blockFor(outerExtent, tasks);
    output.split(outer, task, block, static_cast<int>(length), tailFor(outerExtent, length))
        .parallel(task);
  } else if (tasks > 1 && innerExtent >= cpu.lanes * tasks) {
    int64_t length = std::max<int64_t>(1, innerExtent / cpu.lanes / tasks) * cpu.lanes;
    output.split(inner, task, inner, static_cast<int>(length), tailFor(innerExtent, length));
    if (hasOuter)
      output.reorder(inner, outer, task);
    output.parallel(task);
    innerExtent = length;
  }
  if (innerExtent >= cpu.lanes) {
    output.vectorize(inner, cpu.lanes, tailFor(innerExtent, cpu.lanes));
    if (innerExtent % (4 * cpu.lanes) == 0)
      output.unroll(inner, 4);
  }
}

void scheduleTranspose(Func staged, Func output, const std::vector<int64_t> &extents,
                       int inputInner, const CpuTarget &cpu) {
  std::vector<Var> args = output.args();
  // Vectors of the output from half as many rows: 16 by 16 would not stay in registers (measured).
  const int lanes = cpu.lanes, rows = std::min(lanes, 8);
  auto inputDim = static_cast<size_t>(inputInner);
  Var c = args[0], x = args[inputDim];
  if (inputInner == 0 || extents[0] < lanes || extents[inputDim] < rows) {
    scheduleElementwise(output, extents, cpu);
    return;
  }
  int64_t tasks = wantedTasks({.flops = 0, .bytes = 8 * elementCount(extents)}, cpu);
  Var co("co"), ci("ci"), xo("xo"), xi("xi"), run("run"), task("task");
  // A block at the end overlaps the one before it: a staged block must not read behind the input.
  output.split(c, co, ci, lanes, TailStrategy::ShiftInwards)
      .split(x, xo, xi, rows, TailStrategy::ShiftInwards);
  // Runs of blocks along the longer axis: few rows of the other are open at a time.
  constexpr int blocksOfRun = 16;
  Var along = extents[0] > extents[inputDim] ? co : xo,
      across = extents[0] > extents[inputDim] ? xo : co;
  output.split(along, run, along, blocksOfRun, TailStrategy::GuardWithIf);
  std::vector<Halide::VarOrRVar> order{ci, xi, along, across, run};
  for (size_t i = 1; i < args.size(); ++i)
    if (i != inputDim)
      order.emplace_back(args[i]);
  output.reorder(order).vectorize(ci).unroll(xi);
  staged.compute_at(output, along)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(staged.args()[0], lanes)
      .bound_extent(staged.args()[inputDim], rows)
      .reorder(staged.args()[inputDim], staged.args()[0])
      .vectorize(staged.args()[inputDim])
      .unroll(staged.args()[0]);
  if (tasks > 1) {
    output.fuse(across, run, task);
    for (size_t i = 1; i < args.size(); ++i)
      if (i != inputDim) {
        Var fused("fused");
        output.fuse(task, args[i], fused);
        task = fused;
      }
    output.parallel(task);
  }
}

} // namespace quern::codegen
