// Convolution by filters that come apart: a pass along one axis, and a convolution along the other
// of what comes of it. The first is along a line of each channel, or a convolution of its own.
#pragma once

#include "codegen/halide/schedules/DirectConv.h"
#include "codegen/halide/schedules/SpatialConv.h"

#include <functional>

namespace quern::codegen {

/// A convolution of two or three axes, and how it is to be taken apart.
struct SeparableProblem {
  ConvProblem conv;
  size_t axes = 2;
  size_t lineAxis = 0; ///< along which the first pass is: 0 for x, 1 for y, 2 for z
  ConvAxis line{};
  /// Channels of each group that the first pass makes, or lines of each output where groups have
  /// one input; 0: it leaves the channels what they are.
  int64_t rank = 0;
};

/// How a convolution is to run in two passes.
struct SeparablePlan {
  SeparableProblem problem;
  ConvProblem rest{}; ///< the second pass: reads the result of the first, one tap along its axis
  DirectConvPlan direct{}; ///< of it, unless it is depthwise
  RegisterTile lines{};    ///< of the first pass, where that is a convolution

  /// Whether the first pass sums over channels.
  bool mixesChannels() const { return problem.rank > 0 && !rest.isDepthwise(); }
  /// Lines of each channel that a depthwise second pass sums.
  int64_t linesEach() const { return std::max<int64_t>(problem.rank, 1); }
};

SeparablePlan planSeparable(const SeparableProblem &problem, const CpuTarget &cpu,
                            std::optional<RegisterTile> tile = {});

/// The Funcs of a convolution, in the order of the computation.
struct SeparableStages {
  Halide::Func shared;  ///< (c, tap, line): the factors of the first pass, unless it mixes channels
  Halide::Func lineSum; ///< in registers
  Halide::Func lines; ///< (c, x, y, [z,] n), and the line where one of many: what the second reads
  Halide::Func acc;   ///< the second, in registers
};

/// What the passes multiply by, and of what. An element of either factor is given by its output,
/// its input, and its tap: channels of the convolution or those between; in a depthwise one the
/// line of the channel instead. The rest is laid out as scheduleDirectConv and
/// scheduleDepthwiseConv want it.
struct SeparableWeights {
  using Element =
      std::function<Halide::Expr(const Halide::Expr &, const Halide::Expr &, const Halide::Expr &)>;
  Element line, rest;
  Halide::Expr group{}; ///< that the output channel Var("c") is in
};

/// Writes the algorithm. `padded` is the input over (c, x, y, [z,] n), with zeros outside.
SeparableStages emitSeparable(const SeparablePlan &plan, const Halide::Func &padded,
                              const SeparableWeights &weights);

/// Schedules it: the first pass strip by strip of the second. `padded` is stored before it where
/// problem.conv.computedInput says that it computes something or where that is faster, else
/// inlined.
void scheduleSeparable(const SeparablePlan &plan, const SeparableStages &stages,
                       Halide::Func padded, const CpuTarget &cpu, Halide::Func output);

} // namespace quern::codegen
