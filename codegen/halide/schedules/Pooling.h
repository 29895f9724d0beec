#pragma once

#include "codegen/halide/schedules/ConvProblem.h"
#include "codegen/halide/schedules/CpuTarget.h"

#include <Halide.h>

namespace quern::codegen {

/// Schedules a window reduction (sum, mean, max, min) written as
///
///     RDom r(0, kernelX, 0, kernelY);
///     padded(c, x, y, n) = the input, the reduction's neutral element outside; with any prologue
///     acc(c, x, y, n) = neutral;
///     acc(c, x, y, n) = combine(acc(c, x, y, n), padded(c, x * sx + r.x * dx - padLeft, ..., n));
///     output(c, x, y, n) = epilogue(acc(c, x, y, n), ...);
///
/// The same form serves row-major layouts and other ranks: the first dimension is the one
/// vectorised. `problem.outChannels` is its extent.
void schedulePooling(const ConvProblem &problem, const CpuTarget &cpu, Halide::Func padded,
                     Halide::Func acc, Halide::Func output);

} // namespace quern::codegen
