#include "codegen/halide/schedules/SeparableConv.h"

#include "codegen/halide/schedules/Extents.h"
#include "codegen/halide/schedules/GroupedConv.h"

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

ConvProblem restOf(const ConvProblem &p, bool sharesRows) {
  ConvProblem rest = p;
  rest.computedInput = true;
  rest.planarInput = false;
  if (sharesRows) {
    rest.inWidth = p.outWidth;
    rest.kernelX = rest.strideX = rest.dilationX = 1;
    rest.padLeft = rest.padRight = 0;
  } else {
    rest.inHeight = p.outHeight;
    rest.kernelY = rest.strideY = rest.dilationY = 1;
    rest.padTop = rest.padBottom = 0;
  }
  return rest;
}

} // namespace

SeparablePlan planSeparable(const ConvProblem &problem, bool sharesRows, const CpuTarget &cpu,
                            std::optional<RegisterTile> tile) {
  SeparablePlan plan{
      .problem = problem, .sharesRows = sharesRows, .rest = restOf(problem, sharesRows)};
  if (problem.isDepthwise())
    return plan;
  plan.direct = planDirectConv(plan.rest, cpu, tile);
  if (plan.direct.paddedInput == PaddedInput::Inline)
    plan.direct.paddedInput =
        problem.outHeight > plan.direct.tile.my ? PaddedInput::Strip : PaddedInput::Root;
  return plan;
}

SeparableStages emitSeparable(const SeparablePlan &plan, const Func &padded,
                              const SeparableWeights &weights) {
  const ConvProblem &p = plan.problem;
  const ConvProblem &q = plan.rest;
  Var c("c"), x("x"), y("y"), n("n"), tap("tap");
  SeparableStages stages{.shared = Func("shared"),
                         .lineSum = Func("line_sum"),
                         .lines = Func("lines"),
                         .acc = Func("acc")};
  stages.shared(c, tap) = weights.shared(c, tap);
  RDom k(0, constant(plan.sharesRows ? p.kernelX : p.kernelY), "k");
  Expr fromX = x, fromY = y;
  if (plan.sharesRows)
    fromX = x * constant(p.strideX) + k * constant(p.dilationX) - constant(p.padLeft);
  else
    fromY = y * constant(p.strideY) + k * constant(p.dilationY) - constant(p.padTop);
  stages.lineSum(c, x, y, n) = 0.0f;
  stages.lineSum(c, x, y, n) += stages.shared(c, k) * padded(c, fromX, fromY, n);
  stages.lines(c, x, y, n) = stages.lineSum(c, x, y, n);

  std::vector<Halide::Range> ranges{{0, constant(q.kernelX)}, {0, constant(q.kernelY)}};
  if (!p.isDepthwise())
    ranges.insert(ranges.begin(), {0, constant(p.inChannels)});
  RDom r(ranges, "r");
  int first = p.isDepthwise() ? 0 : 1;
  Expr kx = r[first], ky = r[first + 1], input = p.isDepthwise() ? Expr(0) : Expr(r[0]);
  stages.acc(c, x, y, n) = 0.0f;
  stages.acc(c, x, y, n) +=
      stages.lines(p.isDepthwise() ? Expr(c) : input,
                   x * constant(q.strideX) + kx * constant(q.dilationX) - constant(q.padLeft),
                   y * constant(q.strideY) + ky * constant(q.dilationY) - constant(q.padTop), n) *
      weights.rest(c, input, plan.sharesRows ? ky : kx);
  return stages;
}

void scheduleSeparable(const SeparablePlan &plan, const SeparableStages &stages, Func padded,
                       const CpuTarget &cpu, Func output) {
  const ConvProblem &p = plan.problem;
  const ConvProblem &q = plan.rest;
  Func lines = stages.lines, sums = stages.lineSum, shared = stages.shared;
  if (p.isDepthwise())
    scheduleDepthwiseConv(q, cpu, lines, stages.acc, output);
  else
    scheduleDirectConv(plan.direct, lines, stages.acc, output);

  const bool vector = p.inChannels >= cpu.lanes;
  Var c = lines.args()[0], x = lines.args()[1], xi("xi");
  int64_t width = plan.sharesRows ? q.outWidth : q.inputColumns(q.outWidth);
  lines.split(x, x, xi, constant(std::min(linesAtOnce, width)), TailStrategy::ShiftInwards)
      .reorder(xi, c, x)
      .unroll(xi);
  Var sc = sums.args()[0], sx = sums.args()[1];
  Halide::RVar k = sums.rvars(0)[0];
  sums.compute_at(lines, c).store_in(Halide::MemoryType::Stack).unroll(sx);
  auto update = sums.update();
  update.reorder(sc, sx, k).unroll(sx);
  if (vector) {
    // The second pass of a depthwise convolution reads whole vectors whatever there is.
    TailStrategy tail = p.isDepthwise() ? TailStrategy::RoundUp : tailFor(p.inChannels, cpu.lanes);
    sums.vectorize(sc, cpu.lanes, tail);
    update.vectorize(sc, cpu.lanes, tail);
  }
  int64_t taps = plan.sharesRows ? p.kernelX : p.kernelY;
  if (taps <= tapsUnrolled)
    update.unroll(k);
  shared.compute_root();
  if (vector)
    shared.vectorize(shared.args()[0], cpu.lanes, tailFor(p.inChannels, cpu.lanes));
  // A loop over taps along x that has to look for edges is slower than a copy.
  const bool isCopied = p.computedInput || (plan.sharesRows && taps > tapsUnrolled);
  const bool atRoot = !p.isDepthwise() && plan.direct.paddedInput == PaddedInput::Root;
  if (isCopied && atRoot)
    padded.compute_root();
  else if (isCopied)
    padded.compute_at(output, Var("task"));
  if (isCopied && vector)
    padded.vectorize(padded.args()[0], cpu.lanes, tailFor(p.inChannels, cpu.lanes));
}

} // namespace quern::codegen
