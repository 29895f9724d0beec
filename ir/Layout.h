// The order of a tensor's axes in memory, read off its type.
#pragma once

#include "ir/Quern.h"

namespace quern::ir {

/// Logical axes from the outermost in memory to the innermost; 0, 1, 2, ... if the type has no layout.
llvm::SmallVector<int64_t> physicalOrder(mlir::RankedTensorType type);

/// The type stored in `order`; a row-major order leaves the type without an encoding.
mlir::RankedTensorType withLayout(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> order);

/// The type without its layout.
mlir::RankedTensorType rowMajor(mlir::RankedTensorType type);

/// N, spatial..., C for a type of (N, C, spatial...): channels contiguous.
mlir::RankedTensorType channelsLast(mlir::RankedTensorType type);

/// Step in elements along each logical axis.
llvm::SmallVector<int64_t> strides(mlir::RankedTensorType type);

/// Bytes of one element in memory; a bool takes one.
int64_t elementBytes(mlir::Type element);

/// Bytes of the whole tensor.
int64_t tensorBytes(mlir::RankedTensorType type);

/// Whether reshaping from one type to the other moves nothing: every element keeps its place in memory.
bool isReshapeFree(mlir::RankedTensorType from, mlir::RankedTensorType to);

} // namespace quern::ir
