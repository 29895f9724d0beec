#include "codegen/halide/schedules/Gpu.h"

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::Stage;
using Halide::TailStrategy;
using Halide::Var;

constexpr int threadsPerBlock = 64;

/// One thread an output: all dimensions as one, in blocks. Returns the thread loop.
template <typename T> Var oneThreadEach(T stage, const std::vector<Var> &args) {
  Var all = args[0];
  for (size_t i = 1; i < args.size(); ++i) {
    Var fused("fused");
    stage.fuse(all, args[i], fused);
    all = fused;
  }
  Var block("block"), thread("thread");
  stage.gpu_tile(all, block, thread, threadsPerBlock, TailStrategy::GuardWithIf);
  return thread;
}

/// A scalar still needs a kernel of its own: one block of one thread.
template <typename T> void scheduleStage(T stage, const std::vector<Var> &args) {
  if (args.empty())
    stage.gpu_single_thread();
  else
    oneThreadEach(stage, args);
}

} // namespace

void scheduleGpu(const std::vector<Func> &stages, const std::vector<Func> &privates, Func output,
                 const std::vector<int64_t> &extents) {
  for (Func stage : stages) {
    stage.compute_root();
    scheduleStage<Func>(stage, stage.args());
    for (int i = 0; i < stage.num_update_definitions(); ++i)
      scheduleStage<Stage>(stage.update(i), stage.args());
  }
  if (extents.empty()) {
    for (Func func : privates) {
      func.compute_root();
      func.gpu_single_thread();
      for (int i = 0; i < func.num_update_definitions(); ++i)
        func.update(i).gpu_single_thread();
    }
    output.gpu_single_thread();
    return;
  }
  Var thread = oneThreadEach<Func>(output, output.args());
  for (Func func : privates)
    func.compute_at(output, thread);
}

} // namespace quern::codegen
