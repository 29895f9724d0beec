#include "codegen/halide/schedules/Pooling.h"

#include "codegen/halide/schedules/Extents.h"
#include "codegen/halide/schedules/Parallelism.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::Var;

} // namespace

void schedulePooling(const ConvProblem &p, const CpuTarget &cpu, Func padded, Func acc,
                     Func output) {
  std::vector<Var> args = output.args();
  const int lanes = cpu.lanes;
  bool vector = p.outChannels >= lanes;
  Var inner = args[0], co("co"), row("row");
  if (vector)
    output.split(args[0], co, inner, lanes, tailFor(p.outChannels, lanes)).vectorize(inner);
  double outputs = static_cast<double>(p.batch * p.outWidth * p.outHeight * p.outChannels);
  double window = static_cast<double>(p.kernelX * p.kernelY);
  double inputs = static_cast<double>(p.batch * p.inWidth * p.inHeight * p.outChannels);
  int64_t tasks =
      wantedTasks({.flops = 4 * outputs * window, .bytes = 4 * (inputs + outputs)}, cpu);
  if (args.size() > 2) {
    Var outer = args[2];
    for (size_t i = 3; i < args.size(); ++i) {
      Var fused("fused");
      output.fuse(outer, args[i], fused);
      outer = fused;
    }
    row = outer;
    if (tasks > 1) {
      Var task("task");
      int64_t extent = p.batch * p.outHeight;
      int64_t length = blockFor(extent, tasks);
      output.split(outer, task, row, static_cast<int>(length), tailFor(extent, length))
          .parallel(task);
    }
    if (p.computedInput) {
      padded.compute_at(output, row);
      if (vector)
        padded.vectorize(padded.args()[0], lanes, tailFor(p.outChannels, lanes));
    }
  }
  acc.compute_at(output, vector ? co : inner).store_in(Halide::MemoryType::Stack);
  if (vector) {
    Var ac = acc.args()[0];
    acc.bound_extent(ac, lanes).vectorize(ac);
    acc.update().vectorize(ac);
  }
  if (p.kernelX * p.kernelY <= 9)
    for (const auto &r : acc.rvars(0))
      acc.update().unroll(r);
}

} // namespace quern::codegen
