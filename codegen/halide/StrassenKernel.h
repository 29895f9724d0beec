// Strassen's products, whether of a convolution or of a contraction.
#pragma once

#include "codegen/halide/Knobs.h"
#include "codegen/halide/PackedWeights.h"
#include "codegen/halide/schedules/Strassen.h"

namespace quern::codegen {

/// The plan of `problem` by `algorithm`, numbers set by hand obeyed and all recorded.
StrassenPlan tunedStrassen(const ConvProblem &problem, ir::ConvAttr algorithm, const CpuTarget &cpu,
                           Knobs &knobs);

/// How a transformed filter should lie in memory.
mlir::RankedTensorType strassenWeightType(mlir::Value weight, const StrassenPlan &plan);

/// The algorithm, reading `padded` as emitStrassen has it.
StrassenStages strassenStages(const StrassenPlan &plan, const Halide::Func &padded,
                              const PackedWeights &weights);

} // namespace quern::codegen
