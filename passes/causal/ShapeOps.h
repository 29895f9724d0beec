// Ops that only move elements, and only where they have to.
#pragma once

#include "ir/Infer.h"

#include "mlir/IR/Builders.h"

namespace quern::passes {

/// `value` under another shape.
mlir::Value reshaped(mlir::OpBuilder &builder, mlir::Value value, llvm::ArrayRef<int64_t> shape);

/// The type with another shape.
mlir::RankedTensorType shaped(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> shape);
/// `value` with its axes permuted; only reshaped where that moves nothing.
mlir::Value permuted(mlir::OpBuilder &builder, mlir::Value value,
                     llvm::ArrayRef<int64_t> permutation);
/// The first `count` elements of `value` along `axis`.
mlir::Value firstAlong(mlir::OpBuilder &builder, mlir::Value value, int64_t axis, int64_t count);

} // namespace quern::passes
