// What the ops' type inference shares: broadcasting, window arithmetic, and the comparison of types
// without layouts.
#pragma once

#include "ir/Quern.h"

#include <limits>
#include <optional>

namespace quern::ir {

/// numpy's broadcast of two shapes, or nothing where they do not fit.
std::optional<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<int64_t> a,
                                                          llvm::ArrayRef<int64_t> b);

/// "2x3x4" for messages.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// The largest window, stride, dilation or padding: what kernels count in, and small enough that no
/// product of two overflows.
inline constexpr int64_t largestWindowEntry = std::numeric_limits<int32_t>::max();

/// The sliding-window attributes that conv and window_reduce have in common.
struct WindowShape {
  llvm::ArrayRef<int64_t> window, strides, dilations, padLow, padHigh;
};

/// The constraint numbers under which a WindowShape's faults are reported.
struct WindowConstraints {
  llvm::StringRef entries, positive, fits;
};

/// Result extents over the spatial extents `input`, or failure with the constraint named.
mlir::FailureOr<llvm::SmallVector<int64_t>> inferWindow(std::optional<mlir::Location> loc,
                                                        llvm::ArrayRef<int64_t> input,
                                                        const WindowShape &shape,
                                                        const WindowConstraints &constraints);

/// Equal shapes and element types; layouts may differ.
bool sameIgnoringLayout(mlir::TypeRange a, mlir::TypeRange b);

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

} // namespace quern::ir
