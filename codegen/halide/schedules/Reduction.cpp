#include "codegen/halide/schedules/Reduction.h"

#include "codegen/halide/schedules/Extents.h"
#include "codegen/halide/schedules/Parallelism.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

/// Splits the update of `acc` over `r` into vectors of partial results, computed with `acc`, which
/// then only combines them. One vector would wait for its last sum at each step.
void vectoriseRows(Func acc, const RVar &r, int64_t extent, int lanes) {
  if (extent < 2 * lanes && extent != lanes)
    return;
  int width = lanes;
  while (width < 4 * lanes && extent % (2 * width) == 0)
    width *= 2;
  RVar ro("ro"), ri("ri"), vector("vector");
  Var u("u");
  acc.update().split(r, ro, ri, width, TailStrategy::GuardWithIf);
  Func partial = acc.update().rfactor(ri, u);
  partial.compute_at(acc, Var::outermost()).store_in(Halide::MemoryType::Stack);
  partial.vectorize(u, lanes).unroll(u).update().vectorize(u, lanes).unroll(u);
  acc.update().split(ri, ri, vector, lanes).atomic().vectorize(vector).unroll(ri);
}

/// Fuses the dimensions of `output` from `first` on and makes blocks of them parallel if the work
/// asks for it. Returns the loop at whose body the producers of a row belong.
Var parallelRows(Func output, const std::vector<int64_t> &extents, size_t first, int64_t tasks) {
  std::vector<Var> args = output.args();
  Var outer = args[first];
  int64_t extent = extents[first];
  for (size_t i = first + 1; i < args.size(); ++i) {
    Var fused("fused");
    output.fuse(outer, args[i], fused);
    outer = fused;
    extent *= extents[i];
  }
  if (tasks <= 1 || extent <= 1)
    return outer;
  Var task("task"), row("row");
  int64_t length = blockFor(extent, tasks);
  output.split(outer, task, row, static_cast<int>(length), tailFor(extent, length)).parallel(task);
  return row;
}

} // namespace

void scheduleReduction(const ReductionProblem &p, const CpuTarget &cpu, Func acc, Func output) {
  const int lanes = cpu.lanes;
  double reads = elementCount(p.outExtents) * elementCount(p.reduceExtents);
  int64_t tasks = wantedTasks({.flops = 4 * reads, .bytes = 4 * reads}, cpu);
  std::vector<RVar> r = acc.rvars(0);

  if (p.outExtents.empty()) {
    acc.compute_root();
    vectoriseRows(acc, r[0], p.reduceExtents[0], lanes);
    return;
  }
  if (p.reducesInnermost || p.outExtents[0] < lanes) {
    Var row = parallelRows(output, p.outExtents, 0, tasks);
    acc.compute_at(output, row);
    if (p.reducesInnermost)
      vectoriseRows(acc, r[0], p.reduceExtents[0], lanes);
    return;
  }
  // Outputs lie along the contiguous axis: some vectors of them at a time, rows of the input
  // passing by.
  Var c = output.args()[0], block("block"), ac = acc.args()[0];
  int64_t vectors = 4;
  while (vectors > 1 && p.outExtents[0] % (vectors * lanes) != 0)
    --vectors;
  int width = static_cast<int>(vectors * lanes);
  output.split(c, block, c, width, tailFor(p.outExtents[0], width)).vectorize(c, lanes);
  if (vectors > 1)
    output.unroll(c);
  Var at = block;
  if (output.args().size() > 1) {
    Var outer = output.args()[1];
    for (size_t i = 2; i < output.args().size(); ++i) {
      Var fused("fused");
      output.fuse(outer, output.args()[i], fused);
      outer = fused;
    }
    Var fused("blocks");
    output.fuse(block, outer, fused);
    at = fused;
  }
  if (tasks > 1)
    output.parallel(at);
  std::vector<Halide::VarOrRVar> order{ac};
  for (const RVar &v : r)
    order.emplace_back(v);
  acc.compute_at(output, at)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(ac, width)
      .vectorize(ac, lanes);
  acc.update().reorder(order).vectorize(ac, lanes);
  if (vectors > 1) {
    acc.unroll(ac);
    acc.update().unroll(ac);
  }
}

void scheduleSoftmax(const std::vector<int64_t> &outExtents, const CpuTarget &cpu, Func maximum,
                     Func exponential, Func sum, Func output) {
  const int lanes = cpu.lanes;
  int64_t length = outExtents[0];
  int64_t tasks = wantedTasks(
      {.flops = 100 * elementCount(outExtents), .bytes = 8 * elementCount(outExtents)}, cpu);
  Var i = output.args()[0];
  bool hasRows = outExtents.size() > 1;
  Var row;
  if (hasRows)
    row = parallelRows(output, outExtents, 1, tasks);
  for (Func stage : {maximum, exponential, sum}) {
    if (hasRows)
      stage.compute_at(output, row);
    else
      stage.compute_root();
  }
  vectoriseRows(maximum, maximum.rvars(0)[0], length, lanes);
  vectoriseRows(sum, sum.rvars(0)[0], length, lanes);
  if (length >= lanes) {
    exponential.vectorize(exponential.args()[0], lanes);
    output.vectorize(i, lanes, tailFor(length, lanes));
  }
}

} // namespace quern::codegen
