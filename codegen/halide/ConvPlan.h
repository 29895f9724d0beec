// From a convolution in the IR to the numbers of its schedule. Both the packing of its weights,
// before code is generated, and its emitter ask here, so that they agree.
#pragma once

#include "codegen/Target.h"
#include "codegen/halide/schedules/DirectConv.h"
#include "ir/Quern.h"

namespace quern::codegen {

/// Which schedule family a convolution belongs to.
enum class ConvFamily {
  Direct,    ///< groups = 1, one or two spatial axes
  Depthwise, ///< groups = C = O, one or two spatial axes
  Grouped,   ///< everything else
};

ConvFamily familyOf(ir::ConvOp op);

/// In plain numbers; a convolution of one spatial axis has height 1, one of three counts its
/// outermost as batch.
ConvProblem problemOf(ir::ConvOp op);

/// Whether the input is an argument of the kernel with contiguous channels, to be read as it lies.
bool readsChannelsLast(ir::ConvOp op);

/// The plan of a Direct convolution on a CPU, numbers set by hand included.
DirectConvPlan directPlanOf(ir::ConvOp op, const CpuTarget &cpu);

/// What the plan chose, for the kernel's attribute.
ir::ScheduleAttr scheduleOf(ir::ConvOp op, const CpuTarget &cpu);

/// How the weights should lie in memory: panels on a CPU, output channels innermost otherwise.
mlir::RankedTensorType packedWeightType(ir::ConvOp op, const Target &target);

} // namespace quern::codegen
