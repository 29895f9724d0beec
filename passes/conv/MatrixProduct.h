// Contractions that are products of a matrix of weights, which some algorithms of convolution can
// compute as well.
#pragma once

#include "passes/conv/ConvShape.h"

#include "mlir/IR/Builders.h"

#include <optional>

namespace quern::passes {

/// result[rows..., column] = sum over depth of rows[rows..., depth] matrix[column, depth].
struct MatrixProduct {
  mlir::Value rows, matrix;
  llvm::ArrayRef<int64_t> rowAxes, matrixAxes, resultAxes; ///< labels
  int64_t column = 0, depth = 0;                           ///< labels
  int64_t columns = 0, depths = 0;                         ///< their extents
};

/// `op` as such a product, or nothing where it is none: of floating-point numbers, the matrix
/// follows from the weights (or is a transformed one already), its columns are the last axis of the
/// result, and the rows have one to three axes.
std::optional<MatrixProduct> matrixProductOf(ir::ContractOp op);

/// The product in plain numbers.
ConvShape shapeOf(const MatrixProduct &product);

/// Writes the matrix as the filter [columns, depth, 1] of a convolution.
mlir::Value filterOf(mlir::OpBuilder &builder, const MatrixProduct &product);

} // namespace quern::passes
