#include "codegen/halide/schedules/Im2col.h"

#include "codegen/halide/schedules/Buffers.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

/// The same sums as a pointwise convolution over the patches.
ConvProblem overPatches(const ConvProblem &p) {
  ConvProblem q;
  q.batch = p.batch;
  q.inChannels = p.inChannels * p.taps();
  q.outChannels = p.outChannels;
  q.groups = p.groups;
  q.inWidth = q.outWidth = p.outWidth;
  q.inHeight = q.outHeight = p.outHeight;
  q.computedInput = true;
  return q;
}

} // namespace

Im2colPlan planIm2col(const ConvProblem &problem, PatchMatrix matrix, const CpuTarget &cpu,
                      std::optional<RegisterTile> tile) {
  Im2colPlan plan{.matrix = matrix,
                  .channels = problem.inChannels,
                  .gemm = planDirectConv(overPatches(problem), cpu, tile)};
  // Turns of the innermost loop run over channels only.
  plan.gemm.unrollDepth = problem.groupInputs() % 4 == 0 ? 4 : 1;
  if (plan.gemm.depthBlock > 0 && problem.groupInputs() % plan.gemm.depthBlock != 0)
    plan.gemm.depthBlock = 0;
  if (matrix == PatchMatrix::PerTask) {
    // A task has all panels, so that each patch is made once, and as many tiles as keep its patches
    // in half of the second-level cache, and those of all threads' tasks below half of an image's:
    // rows of them, or a part of one row.
    DirectConvPlan &gemm = plan.gemm;
    int64_t tileBytes = 4 * gemm.problem.inChannels * gemm.tile.mx * gemm.tile.my;
    int64_t tilesOfRow = ir::ceilDiv(problem.outWidth, gemm.tile.mx);
    int64_t all = tilesOfRow * ir::ceilDiv(problem.outHeight, gemm.tile.my);
    int64_t tiles = std::max<int64_t>(
        1, std::min<int64_t>(cpu.l2Bytes / 2 / tileBytes, all / (2 * cpu.threads)));
    int64_t rows = std::max<int64_t>(1, tiles / tilesOfRow);
    gemm.stripRows = std::min(gemm.stripRows, rows * gemm.tile.my);
    gemm.stripColumns = std::min(gemm.stripColumns, tiles * gemm.tile.mx);
    gemm.panelsPerTask = gemm.panels;
    gemm.depthBlock = 0;
  }
  return plan;
}

void scheduleIm2col(const Im2colPlan &plan, Func patches, Func acc, Func output) {
  scheduleDirectConv(plan.gemm, Func(), acc, output);
  // (ci, kx, ky[, kz], x, y[, z], n)
  std::vector<Var> args = patches.args();
  Var ci = args[0], y = args[args.size() / 2 + 1];
  const ConvProblem &p = plan.gemm.problem;
  const int lanes = plan.gemm.cpu.lanes;
  if (plan.matrix == PatchMatrix::PerTask) {
    patches.compute_at(output, Var("task"));
  } else {
    patches.compute_root();
    if (plan.gemm.parallel)
      patches.parallel(
          y, static_cast<int>(std::max<int64_t>(1, p.outHeight / (2 * plan.gemm.cpu.threads))));
  }
  patches.vectorize(ci, lanes, TailStrategy::GuardWithIf);
  spreadOverSets(patches, ci, plan.channels, plan.gemm.tile.mx, 4 * p.inChannels);
}

} // namespace quern::codegen
