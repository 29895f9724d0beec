// From a convolution in the IR to the numbers of its schedule. Both the packing of its weights,
// before code is generated, and its emitter ask here, so that they agree.
#pragma once

#include "codegen/halide/Knobs.h"
#include "codegen/halide/schedules/DirectConv.h"
#include "ir/Quern.h"

namespace quern::codegen {

/// Which schedule family a convolution belongs to.
enum class ConvFamily {
  Direct,       ///< one group, or groups whose outputs are whole vectors
  Depthwise,    ///< groups = C = O, one or two spatial axes
  Grouped,      ///< groups that share vectors
  PaddedGroups, ///< groups each of which begins with a vector
};

ConvFamily familyOf(ir::ConvOp op);

/// In plain numbers; a convolution of one spatial axis has height 1, one of three counts its
/// outermost as batch.
ConvProblem problemOf(ir::ConvOp op);

/// Whether the input is an argument of the kernel with contiguous channels, to be read as it lies.
bool readsChannelsLast(ir::ConvOp op);

/// Numbers set by hand replace those of a register tile; all are recorded.
void tuneTile(RegisterTile &tile, Knobs &knobs);
/// The same for how the work is cut into tasks.
void tuneBlocks(DirectConvPlan &plan, Knobs &knobs);

/// `type`, of weights (O, I, kernel...), stored as panels of so many output channels each:
/// [panels][kernel...][I][panelWidth].
mlir::RankedTensorType panelType(mlir::RankedTensorType type, int64_t panelWidth);
/// The same stored as [kernel...][I][O].
mlir::RankedTensorType tapsOutermost(mlir::RankedTensorType type);

} // namespace quern::codegen
