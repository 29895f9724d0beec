#include "passes/conv/MatrixProduct.h"

#include "ir/Infer.h"
#include "passes/WeightExpression.h"

namespace quern::passes {
namespace {

constexpr size_t mostRowAxes = 3;

/// Whether `product`, of which operands and labels are given, is one; fills in the rest.
bool complete(MatrixProduct &product, llvm::ArrayRef<int64_t> matrixShape) {
  llvm::ArrayRef<int64_t> rows = product.rowAxes, matrix = product.matrixAxes,
                          result = product.resultAxes;
  if (!llvm::isa<mlir::FloatType>(ir::tensorType(product.rows).getElementType()) ||
      matrix.size() != 2 || rows.size() != result.size() || rows.size() < 2 ||
      rows.size() > mostRowAxes + 1)
    return false;
  product.column = result.back();
  size_t columnAxis = matrix[0] == product.column ? 0 : 1;
  product.depth = matrix[1 - columnAxis];
  product.columns = matrixShape[columnAxis];
  product.depths = matrixShape[1 - columnAxis];
  return matrix[columnAxis] == product.column && !llvm::is_contained(result, product.depth) &&
         llvm::is_contained(rows, product.depth) && !llvm::is_contained(rows, product.column);
}

} // namespace

std::optional<MatrixProduct> matrixProductOf(ir::ContractOp op) {
  MatrixProduct right{.rows = op.getLhs(),
                      .matrix = op.getRhs(),
                      .rowAxes = op.getLhsAxes(),
                      .matrixAxes = op.getRhsAxes(),
                      .resultAxes = op.getResultAxes()};
  if (op.getFilter())
    return complete(right, op.getRhsShape()) ? std::optional(right) : std::nullopt;
  MatrixProduct left = right;
  std::swap(left.rows, left.matrix);
  std::swap(left.rowAxes, left.matrixAxes);
  for (MatrixProduct product : {right, left})
    if (isWeightExpression(product.matrix) && !isWeightExpression(product.rows) &&
        complete(product, ir::tensorType(product.matrix).getShape()))
      return product;
  return std::nullopt;
}

ConvShape shapeOf(const MatrixProduct &product) {
  mlir::RankedTensorType rows = ir::tensorType(product.rows);
  ConvShape shape{.inChannels = product.depths,
                  .outChannels = product.columns,
                  .element = convElementOf(rows.getElementType()),
                  .isProduct = true};
  for (int64_t label : product.resultAxes.drop_back()) {
    int64_t extent = rows.getDimSize(llvm::find(product.rowAxes, label) - product.rowAxes.begin());
    shape.axes.push_back({.in = extent, .out = extent});
  }
  if (shape.axes.size() == mostRowAxes) {
    shape.batch = shape.axes.front().in;
    shape.axes.erase(shape.axes.begin());
  }
  return shape;
}

mlir::Value filterOf(mlir::OpBuilder &builder, const MatrixProduct &product) {
  mlir::Value matrix = product.matrix;
  if (product.matrixAxes[0] != product.column)
    matrix =
        ir::TransposeOp::create(builder, matrix.getLoc(), matrix, llvm::ArrayRef<int64_t>{1, 0});
  llvm::SmallVector<int64_t> shape(ir::tensorType(matrix).getShape());
  shape.push_back(1);
  return ir::ReshapeOp::create(builder, matrix.getLoc(), matrix, shape);
}

} // namespace quern::passes
