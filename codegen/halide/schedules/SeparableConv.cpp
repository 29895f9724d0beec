#include "codegen/halide/schedules/SeparableConv.h"

#include "codegen/halide/schedules/Extents.h"
#include "codegen/halide/schedules/GroupedConv.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::TailStrategy;
using Halide::Var;

/// Sums of a line that are made at once, so that factors are loaded once for all.
constexpr int64_t linesAtOnce = 4;
/// Longer factors stay loops.
constexpr int64_t tapsUnrolled = 7;

int constant(int64_t value) { return static_cast<int>(value); }

ConvProblem restOf(const SeparableProblem &problem) {
  const ConvProblem &p = problem.conv;
  ConvProblem rest = p;
  rest.computedInput = true;
  rest.planarInput = false;
  if (problem.rank > 0 && p.groups > 1 && p.groupInputs() == 1)
    rest.inChannels = rest.groups = p.outChannels;
  else if (problem.rank > 0)
    rest.inChannels = p.groups * problem.rank;
  if (problem.lineAxis == 0) {
    rest.inWidth = p.outWidth;
    rest.kernelX = rest.strideX = rest.dilationX = 1;
    rest.padLeft = rest.padRight = 0;
  } else if (problem.lineAxis == 1) {
    rest.inHeight = p.outHeight;
    rest.kernelY = rest.strideY = rest.dilationY = 1;
    rest.padTop = rest.padBottom = 0;
  } else { // whose padding counts as rows'
    rest.kernelZ = 1;
    rest.padTop -= problem.line.padLow;
    rest.padBottom -= problem.line.padHigh;
  }
  return rest;
}

/// Columns of the first pass's result that a row of outputs reads.
int64_t lineWidth(const SeparablePlan &plan) { return plan.rest.inputColumns(plan.rest.outWidth); }

/// The group of a channel between the passes, found by division of whole vectors where groups are
/// such.
Expr groupBetween(const SeparablePlan &plan, const Expr &channel) {
  const int64_t groups = plan.problem.conv.groups, rank = plan.problem.rank,
                vector = plan.direct.cpu.lanes;
  if (groups == 1)
    return 0;
  Expr group = rank % vector == 0 ? channel / constant(vector) / constant(rank / vector)
                                  : channel / constant(rank);
  return Halide::min(group, constant(groups - 1)); // the last vector may reach beyond
}

/// (c, x, y, [z,] n).
std::vector<Var> coordinates(const SeparablePlan &plan) {
  std::vector<Var> at{Var("c"), Var("x"), Var("y")};
  if (plan.problem.axes == 3)
    at.emplace_back("z");
  at.emplace_back("n");
  return at;
}

/// The first pass, into stages.lines.
void emitLines(const SeparablePlan &plan, const Func &padded, const SeparableWeights &weights,
               SeparableStages &stages) {
  const ConvProblem &p = plan.problem.conv;
  const ConvAxis &axis = plan.problem.line;
  const bool mixes = plan.mixesChannels();
  std::vector<Var> at = coordinates(plan);
  std::vector<Expr> from(at.begin(), at.end());
  Var c = at[0], tap("tap"), line("line");

  std::vector<Halide::Range> ranges{{0, constant(axis.kernel)}};
  if (mixes)
    ranges.insert(ranges.begin(), {0, constant(p.groupInputs())});
  RDom k(ranges, "k");
  Expr along = k[mixes ? 1 : 0], &place = from[1 + plan.problem.lineAxis];
  place = place * constant(axis.stride) + along * constant(axis.dilation) - constant(axis.padLow);
  if (plan.rest.isDepthwise())
    at.push_back(line);
  stages.lineSum(at) = Halide::Internal::make_zero(padded.type());
  if (mixes) {
    from[0] = groupBetween(plan, c) * constant(p.groupInputs()) + k[0];
    stages.lineSum(at) += padded(from) * weights.line(c, k[0], along);
  } else {
    from[0] = c / constant(plan.rest.inChannels / p.inChannels);
    stages.shared(c, tap, line) = weights.line(c, line, tap);
    Expr which = plan.rest.isDepthwise() ? Expr(line) : Expr(0);
    stages.lineSum(at) += stages.shared(c, along, which) * padded(from);
  }
  stages.lines(at) = stages.lineSum(at);
}

/// The second pass, into stages.acc.
void emitRest(const SeparablePlan &plan, const Func &padded, const SeparableWeights &weights,
              SeparableStages &stages) {
  const ConvProblem &q = plan.rest;
  const bool depthwise = q.isDepthwise();
  std::vector<Var> at = coordinates(plan);
  std::vector<Expr> from(at.begin(), at.end());
  std::vector<Halide::Range> ranges{{0, constant(q.kernelX)}, {0, constant(q.kernelY)}};
  ranges.insert(depthwise ? ranges.end() : ranges.begin(),
                {0, constant(depthwise ? plan.linesEach() : q.groupInputs())});
  RDom r(ranges, "r");
  Expr kx = r[depthwise ? 0 : 1], ky = r[depthwise ? 1 : 2], inner = r[depthwise ? 2 : 0];
  if (depthwise)
    from.push_back(inner);
  else
    from[0] = weights.group * constant(q.groupInputs()) + inner;
  from[1] = from[1] * constant(q.strideX) + kx * constant(q.dilationX) - constant(q.padLeft);
  from[2] = from[2] * constant(q.strideY) + ky * constant(q.dilationY) - constant(q.padTop);
  stages.acc(at) = Halide::Internal::make_zero(padded.type());
  stages.acc(at) += stages.lines(from) * weights.rest(at[0], inner, ky * constant(q.kernelX) + kx);
}

} // namespace

SeparablePlan planSeparable(const SeparableProblem &problem, const CpuTarget &cpu,
                            std::optional<RegisterTile> tile) {
  SeparablePlan plan{.problem = problem, .rest = restOf(problem)};
  if (plan.rest.isDepthwise())
    return plan;
  plan.direct = planDirectConv(plan.rest, cpu, tile);
  if (plan.direct.paddedInput == PaddedInput::Inline)
    plan.direct.paddedInput =
        plan.rest.outHeight > plan.direct.tile.my ? PaddedInput::Strip : PaddedInput::Root;
  if (!plan.mixesChannels())
    return plan;
  // What is stored between the passes are whole vectors.
  plan.direct.problem.inChannels = ir::roundUp(plan.rest.inChannels, cpu.lanes);
  plan.lines = chooseTile({.channels = plan.rest.inChannels,
                           .width = lineWidth(plan),
                           .depth = problem.conv.groupInputs() * problem.line.kernel},
                          cpu);
  return plan;
}

SeparableStages emitSeparable(const SeparablePlan &plan, const Func &padded,
                              const SeparableWeights &weights) {
  SeparableStages stages{.shared = Func("shared"),
                         .lineSum = Func("line_sum"),
                         .lines = Func("lines"),
                         .acc = Func("acc")};
  emitLines(plan, padded, weights, stages);
  emitRest(plan, padded, weights, stages);
  return stages;
}

namespace {

/// The first pass along a line of each channel.
void scheduleLines(const SeparablePlan &plan, const SeparableStages &stages, const CpuTarget &cpu) {
  const ConvProblem &q = plan.rest;
  Func lines = stages.lines, sums = stages.lineSum, shared = stages.shared;
  const bool vector = q.inChannels >= cpu.lanes;
  Var c = lines.args()[0], x = lines.args()[1], xi("xi");
  lines
      .split(x, x, xi, constant(std::min(linesAtOnce, lineWidth(plan))), TailStrategy::ShiftInwards)
      .reorder(xi, c, x)
      .unroll(xi);
  Var sc = sums.args()[0], sx = sums.args()[1];
  Halide::RVar k = sums.rvars(0)[0];
  sums.compute_at(lines, c).store_in(Halide::MemoryType::Stack).unroll(sx);
  auto update = sums.update();
  update.reorder(sc, sx, k).unroll(sx);
  if (vector) {
    // The second pass of a depthwise convolution reads whole vectors whatever there is.
    TailStrategy tail = q.isDepthwise() ? TailStrategy::RoundUp : tailFor(q.inChannels, cpu.lanes);
    sums.vectorize(sc, cpu.lanes, tail);
    update.vectorize(sc, cpu.lanes, tail);
  }
  if (plan.problem.line.kernel <= tapsUnrolled)
    update.unroll(k);
  shared.compute_root();
  if (vector)
    shared.vectorize(shared.args()[0], cpu.lanes, tailFor(q.inChannels, cpu.lanes));
}

/// The first pass as a convolution, in register tiles. scheduleDirectConv has made vectors of the
/// channels.
void scheduleMixedLines(const SeparablePlan &plan, const SeparableStages &stages,
                        const CpuTarget &cpu) {
  Func lines = stages.lines, sums = stages.lineSum;
  const int width = plan.lines.nv * cpu.lanes, columns = plan.lines.mx;
  Var c = lines.args()[0], x = lines.args()[1], xi("xi"), vector("vector");
  lines.split(c, c, vector, plan.lines.nv, TailStrategy::RoundUp)
      .split(x, x, xi, columns, TailStrategy::ShiftInwards)
      .reorder(vector, xi, x, c)
      .unroll(vector)
      .unroll(xi);
  Var sc = sums.args()[0], sx = sums.args()[1];
  auto k = sums.rvars(0);
  sums.compute_at(lines, x)
      .store_in(Halide::MemoryType::Stack)
      .bound_extent(sc, width)
      .bound_extent(sx, columns)
      .vectorize(sc, cpu.lanes)
      .unroll(sc)
      .unroll(sx);
  sums.update().reorder(sc, sx, k[0], k[1]).vectorize(sc, cpu.lanes).unroll(sc).unroll(sx);
}

} // namespace

void scheduleSeparable(const SeparablePlan &plan, const SeparableStages &stages, Func padded,
                       const CpuTarget &cpu, Func output) {
  const ConvProblem &p = plan.problem.conv;
  if (plan.rest.isDepthwise())
    scheduleDepthwiseConv(plan.rest, cpu, stages.lines, stages.acc, output);
  else
    scheduleDirectConv(plan.direct, stages.lines, stages.acc, output);
  if (plan.mixesChannels())
    scheduleMixedLines(plan, stages, cpu);
  else
    scheduleLines(plan, stages, cpu);
  // A loop over taps along x that has to look for edges is slower than a copy, and so is one that
  // reads each element for many channels.
  const bool isCopied = p.computedInput || plan.mixesChannels() ||
                        (plan.problem.lineAxis == 0 && plan.problem.line.kernel > tapsUnrolled);
  const bool atRoot = !plan.rest.isDepthwise() && plan.direct.paddedInput == PaddedInput::Root;
  if (isCopied && atRoot)
    padded.compute_root();
  else if (isCopied)
    padded.compute_at(output, Var("task"));
  if (isCopied && p.inChannels >= cpu.lanes)
    padded.vectorize(padded.args()[0], cpu.lanes, tailFor(p.inChannels, cpu.lanes));
}

} // namespace quern::codegen
