// Where a tensor's elements lie in memory, read off its type.
#pragma once

#include "ir/Quern.h"

namespace quern::ir {

/// One dimension of a tensor in memory: `extent` steps of logical axis `axis`.
/// `count` is what one step advances the axis by: 1 unless this dimension counts the blocks of a
/// split axis. `within` is the block whose inside this dimension counts, 0 for all others. The
/// index along it of logical index i is i / count, and i % within inside a block.
struct PhysicalDim {
  int64_t axis;
  int64_t extent;
  int64_t count = 1;
  int64_t within = 0;
};

/// The dimensions in memory, outermost first.
llvm::SmallVector<PhysicalDim> physicalDims(mlir::RankedTensorType type);

/// Whether some axis is split into blocks.
bool isBlocked(mlir::RankedTensorType type);

/// Logical axes from the outermost in memory to the innermost. The type must not be blocked.
llvm::SmallVector<int64_t> physicalOrder(mlir::RankedTensorType type);

/// The type stored in `order`, split into `blocks`; row-major leaves the type without an encoding.
mlir::RankedTensorType withLayout(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> order,
                                  llvm::ArrayRef<int64_t> blocks = {});

/// The type without its layout.
mlir::RankedTensorType rowMajor(mlir::RankedTensorType type);

/// N, spatial..., C for a type of (N, C, spatial...): channels contiguous.
mlir::RankedTensorType channelsLast(mlir::RankedTensorType type);

/// Step in elements along each logical axis. The type must not be blocked.
llvm::SmallVector<int64_t> strides(mlir::RankedTensorType type);

/// Bytes of one element in memory; a bool takes one.
int64_t elementBytes(mlir::Type element);

/// Bytes of the whole tensor in memory, padding of blocks included.
int64_t tensorBytes(mlir::RankedTensorType type);

/// Whether reshaping from one type to the other moves nothing: every element keeps its place in
/// memory.
bool isReshapeFree(mlir::RankedTensorType from, mlir::RankedTensorType to);

} // namespace quern::ir
