#pragma once

#include "codegen/halide/schedules/ConvProblem.h"
#include "codegen/halide/schedules/CpuTarget.h"

#include <Halide.h>

namespace quern::codegen {

/// Schedules a depthwise convolution (groups = inChannels = outChannels) written as
///
///     RDom r(0, kernelX, 0, kernelY);
///     padded(c, x, y, n) = the input, zero outside; with any prologue
///     acc(c, x, y, n) = 0.0f;
///     acc(c, x, y, n) += padded(c, x * sx + r.x * dx - padLeft, y * sy + r.y * dy - padTop, n) *
///     weights(c, r.x, r.y); output(c, x, y, n) = epilogue(acc(c, x, y, n), ...);
///
/// With a third spatial axis, which counts as batch, there is z before n, and what `padded` reads
/// along it. `padded` is left inlined unless problem.computedInput says that it computes something.
/// Its edges must be expressed with BoundaryConditions (or `likely`), so that the loops can be
/// partitioned. The weights lie as `[kh][kw][C]` (row-major): the logical `[C, 1, kh, kw]`
/// transposed by (2, 3, 0, 1) and reshaped.
void scheduleDepthwiseConv(const ConvProblem &problem, const CpuTarget &cpu, Halide::Func padded,
                           Halide::Func acc, Halide::Func output);

/// Schedules any other convolution with groups, written as for a depthwise one but with
///
///     RDom r(0, inChannels / groups, 0, kernelX, 0, kernelY);
///     acc(c, x, y, n) += padded((c / O) * I + r.x, ..., n) * weights(c, r.x, r.y, r.z);   // O, I
///     channels of a group
///
/// The weights lie as `[kh][kw][I][outChannels]` (row-major): the logical `[O, I, kh, kw]`
/// transposed by (2, 3, 1, 0). It serves convolutions of other ranks as well: `acc` may have any
/// pure dimensions behind (c, x), all looped over.
void scheduleGroupedConv(const ConvProblem &problem, const CpuTarget &cpu, Halide::Func padded,
                         Halide::Func acc, Halide::Func output);

} // namespace quern::codegen
