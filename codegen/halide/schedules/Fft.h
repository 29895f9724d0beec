#pragma once

#include "codegen/halide/schedules/FftPlan.h"

#include <Halide.h>

#include <vector>

namespace quern::codegen {

/// One pass: a codelet computes all results of a small transform as one tuple, and the stage's own
/// Func spreads them over an index and multiplies by twiddle factors.
struct FftStage {
  Halide::Func codelet, result;
};

/// The Funcs of a convolution by Fourier transforms, in the order of the data flow.
struct FftStages {
  Halide::Func samples;            ///< a tile's row of the padded input
  std::vector<FftStage> forward;   ///< one per pass
  Halide::Func turned, turnedBack; ///< copies between groups, where vectors change direction
  /// The contraction over channels at (c, frequency, t), and its sums; not of depthwise ones.
  Halide::Func product, accumulator;
  std::vector<FftStage> backward; ///< one per pass, in the order of the passes: run last to first
  Halide::Func
      inverse; ///< the convolution's result at (c, x[, y[, z]], n): to be read by the epilogue
};

/// Writes the algorithm. `padded` is the input at (c, x[, y[, z]], n), zero outside; `weights` has
/// the extents of `fftWeightExtents`.
FftStages emitFft(const FftPlan &plan, Halide::Func padded, Halide::ImageParam weights);

/// Schedules it. `output(c, x[, y[, z]], n)` is an epilogue that reads `stages.inverse` at its own
/// coordinates; its bounds must be pinned (see Buffers.h). Other Funcs are left inlined.
void scheduleFft(const FftPlan &plan, FftStages &stages, Halide::Func padded, Halide::Func output);

} // namespace quern::codegen
