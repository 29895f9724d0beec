#pragma once

#include "codegen/halide/schedules/CpuTarget.h"

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// Schedules a Func without reductions: maps, copies, broadcasts, gathers. `extents` are the
/// output's, innermost first, and must be pinned on its buffer. The innermost dimension is
/// vectorised, or, where it is short, several are fused; the rest is parallel when there is enough
/// work. `flopsPerElement` weighs costly functions (about 20 for an exp, 1 for an addition). An
/// emitter should merge dimensions that all operands traverse alike before it calls this.
void scheduleElementwise(Halide::Func output, const std::vector<int64_t> &extents,
                         const CpuTarget &cpu, double flopsPerElement = 1.0);

/// Schedules a copy between layouts: `output`'s innermost dimension is not the input's. `staged` is
/// a Func with the same arguments that reads the input, and `output` is defined as `staged` (or as
/// a map of it) at the same coordinates; `inputInner` is the index of the dimension of `output`
/// along which the input is contiguous.
void scheduleTranspose(Halide::Func staged, Halide::Func output,
                       const std::vector<int64_t> &extents, int inputInner, const CpuTarget &cpu);

} // namespace quern::codegen
