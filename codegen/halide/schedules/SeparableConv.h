// Convolution by filters that are products of two lines: a pass along one axis of each channel, and
// a convolution along the other of what comes of it.
#pragma once

#include "codegen/halide/schedules/DirectConv.h"

#include <functional>

namespace quern::codegen {

/// How a convolution of one group, or a depthwise one, is to run in two passes.
struct SeparablePlan {
  ConvProblem problem;
  bool sharesRows = true; ///< the first pass is along x; else along y
  ConvProblem rest{}; ///< the second pass: reads the result of the first, one tap along its axis
  DirectConvPlan direct{}; ///< of it, unless the convolution is depthwise
};

SeparablePlan planSeparable(const ConvProblem &problem, bool sharesRows, const CpuTarget &cpu,
                            std::optional<RegisterTile> tile = {});

/// The Funcs of a convolution, in the order of the computation.
struct SeparableStages {
  Halide::Func shared;  ///< (c, tap): the factors of the first pass
  Halide::Func lineSum; ///< in registers
  Halide::Func lines;   ///< (c, x, y, n): the first pass, where the second reads
  Halide::Func acc;     ///< the second, in registers
};

/// Elements of the weights: the shared factor by (input channel, tap), and the rest by (output,
/// input channel of the group, tap). These are laid out as scheduleDirectConv and
/// scheduleDepthwiseConv want them.
struct SeparableWeights {
  std::function<Halide::Expr(Halide::Expr, Halide::Expr)> shared;
  std::function<Halide::Expr(Halide::Expr, Halide::Expr, Halide::Expr)> rest;
};

/// Writes the algorithm. `padded` is the input over (c, x, y, n), with zeros outside of it.
SeparableStages emitSeparable(const SeparablePlan &plan, const Halide::Func &padded,
                              const SeparableWeights &weights);

/// Schedules it: the first pass strip by strip of the second. `padded` is stored before it where
/// problem.computedInput says that it computes something or where that is faster, else inlined.
void scheduleSeparable(const SeparablePlan &plan, const SeparableStages &stages,
                       Halide::Func padded, const CpuTarget &cpu, Halide::Func output);

} // namespace quern::codegen
