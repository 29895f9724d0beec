// What may join a kernel, and at which price: the judgements of `fuse`, apart from its bookkeeping.
#pragma once

#include "ir/Quern.h"

namespace quern::passes {

/// Ops around which a kernel is scheduled; a kernel has at most one.
bool isAnchor(mlir::Operation *op);

/// Convolutions and contractions: the first to choose what they take in.
bool isArithmeticAnchor(mlir::Operation *op);

/// Ops that only move elements and are computed by reading elsewhere.
bool isIndexMap(mlir::Operation *op);

/// Ops that may be computed again wherever their value is read: elementwise ones and index maps.
bool isInlinable(mlir::Operation *op);

/// exp, tanh and the like: many instructions an element.
bool isCostlyFunction(mlir::Operation *op);

/// How often `anchor`'s kernel reads each element of its operand, roughly, on the schedules of
/// codegen/halide: how often a producer is computed that is computed on reading. Infinity where
/// reading is all that the kernel can do.
double timesRead(mlir::Operation *anchor, mlir::OpOperand &operand);

/// Whether `producer` is better computed each of the `times` that its value is read than stored.
/// `anchor` is that of the reading kernel, null for a kernel of inlinable ops.
bool isPrologueWorthwhile(mlir::Operation *producer, mlir::Operation *anchor, double times);

} // namespace quern::passes
