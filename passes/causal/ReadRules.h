// The rules behind `readsOf`, by op family, and the maps they are made of.
#pragma once

#include "ir/Infer.h"
#include "passes/causal/KnownRanges.h"
#include "passes/causal/Reads.h"

namespace quern::passes {

using ir::tensorType;

/// Operand axis `operand` runs with result axis `result`.
AxisMap alongAxis(int64_t operand, int64_t result);
/// Every one of the `extent` elements of the operand's axis is read.
AxisMap wholeAxis(int64_t operand, int64_t extent);
/// The operand's only element along an axis is read.
AxisMap onlyElement(int64_t operand);
/// Element r along the axis is element r * stride + start of the operand's, if that has as many.
AxisMap movedAxis(int64_t axis, int64_t extent, int64_t stride, int64_t start);
/// source(result coordinate, tap), kept where it lies in [0, extent).
AxisMap mappedAxis(AxisRange operand, AxisRange result, int64_t extent, int64_t resultExtent,
                   int64_t taps, llvm::function_ref<int64_t(int64_t, int64_t)> source);
/// A sliding window along a spatial axis; its taps are named by their distance from the result's
/// position.
AxisMap windowAxis(int64_t axis, int64_t extent, int64_t window, int64_t stride, int64_t dilation,
                   int64_t padLow);

/// Rules that ask what is zero, or known altogether, take what is known of the model's values.
Reads broadcastReads(mlir::Operation *op);
Reads elementwiseReads(mlir::Operation *op, KnownRanges &ranges);
Reads selectReads(ir::SelectOp op, KnownRanges &ranges);
Reads convReads(ir::ConvOp op, KnownRanges &ranges);
Reads windowReads(ir::WindowReduceOp op);
Reads resizeReads(ir::ResizeOp op);
Reads contractReads(ir::ContractOp op, KnownRanges &ranges);
Reads attentionReads(ir::AttentionOp op, KnownRanges &ranges);
Reads reduceReads(ir::ReduceOp op, KnownRanges &ranges);
Reads softmaxReads(ir::SoftmaxOp op, KnownRanges &ranges);
Reads reshapeReads(ir::ReshapeOp op);
Reads transposeReads(ir::TransposeOp op);
Reads sliceReads(ir::SliceOp op);
Reads concatReads(ir::ConcatOp op);
Reads padReads(ir::PadOp op);
Reads gatherReads(ir::GatherOp op);

} // namespace quern::passes
