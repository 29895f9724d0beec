#include "codegen/halide/MergeDimensions.h"

#include "ir/Infer.h"
#include "ir/Layout.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace quern::codegen {
namespace {

using Shape = llvm::SmallVector<int64_t>;

bool isMap(mlir::func::FuncOp kernel) {
  for (mlir::Operation &op : kernel.getBody().front().without_terminator()) {
    if (op.hasTrait<ir::Elementwise>() || llvm::isa<ir::BroadcastOp>(op))
      continue;
    auto constant = llvm::dyn_cast<ir::ConstantOp>(op);
    if (!constant || !llvm::cast<mlir::ElementsAttr>(constant.getValue()).isSplat())
      return false;
  }
  return true;
}

/// The extents of `type` along `axes` (axes of the result that have more than one element,
/// outermost in memory first), 1 where it broadcasts; nothing if it lies in another order.
std::optional<Shape> alongAxes(mlir::RankedTensorType type, int64_t resultRank,
                               llvm::ArrayRef<int64_t> axes) {
  int64_t offset = resultRank - type.getRank();
  Shape extents;
  llvm::SmallVector<int64_t> own;
  for (int64_t axis : axes) {
    int64_t extent = axis < offset ? 1 : type.getDimSize(axis - offset);
    extents.push_back(extent);
    if (extent != 1)
      own.push_back(axis - offset);
  }
  llvm::SmallVector<int64_t> stored;
  for (const ir::PhysicalDim &dim : ir::physicalDims(type))
    if (dim.extent != 1)
      stored.push_back(dim.axis);
  return stored == own ? std::optional(extents) : std::nullopt;
}

mlir::RankedTensorType withShape(mlir::Value value, llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, ir::tensorType(value).getElementType());
}

/// The shapes over the fewest dimensions: of each argument, then of the result. Neighbours in
/// memory are one where the same operands broadcast along both. Nothing if some operand lies in
/// another order.
std::optional<llvm::SmallVector<Shape>> mergedShapes(mlir::Block &body,
                                                     mlir::RankedTensorType type) {
  llvm::SmallVector<int64_t> axes;
  for (int64_t axis : ir::physicalOrder(type))
    if (type.getDimSize(axis) != 1)
      axes.push_back(axis);
  llvm::SmallVector<Shape> rows;
  for (mlir::BlockArgument argument : body.getArguments()) {
    if (ir::isBlocked(ir::tensorType(argument)))
      return std::nullopt;
    std::optional<Shape> extents = alongAxes(ir::tensorType(argument), type.getRank(), axes);
    if (!extents)
      return std::nullopt;
    rows.push_back(*extents);
  }
  rows.push_back(*alongAxes(type, type.getRank(), axes));

  llvm::SmallVector<Shape> merged(rows.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    bool joins = i > 0 && llvm::all_of(rows, [&](const Shape &row) {
                   return (row[i] == 1) == (row[i - 1] == 1);
                 });
    for (auto [row, target] : llvm::zip_equal(rows, merged)) {
      if (joins)
        target.back() *= row[i];
      else
        target.push_back(row[i]);
    }
  }
  return merged;
}

/// Gives the ops of a block, whose arguments have their new shapes, theirs: they follow by
/// broadcasting.
void inferShapes(mlir::Block &block) {
  for (mlir::Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (auto broadcast = llvm::dyn_cast<ir::BroadcastOp>(op)) {
      broadcast.getResult().replaceAllUsesWith(broadcast.getInput());
      broadcast.erase();
    } else if (auto constant = llvm::dyn_cast<ir::ConstantOp>(op)) {
      auto value = llvm::cast<mlir::DenseElementsAttr>(constant.getValue());
      auto scalar = mlir::RankedTensorType::get({}, value.getElementType());
      constant.setValueAttr(
          mlir::DenseElementsAttr::get(scalar, value.getSplatValue<mlir::Attribute>()));
      constant.getResult().setType(scalar);
    } else {
      Shape shape;
      for (mlir::Value operand : op.getOperands())
        shape = *ir::broadcastShapes(shape, ir::tensorType(operand).getShape());
      op.getResult(0).setType(withShape(op.getResult(0), shape));
    }
  }
}

} // namespace

mlir::OwningOpRef<mlir::func::FuncOp> mergeDimensions(mlir::func::FuncOp kernel) {
  mlir::Block &body = kernel.getBody().front();
  mlir::RankedTensorType type = ir::tensorType(body.getTerminator()->getOperand(0));
  if (!isMap(kernel) || ir::isBlocked(type))
    return nullptr;
  std::optional<llvm::SmallVector<Shape>> shapes = mergedShapes(body, type);
  if (!shapes)
    return nullptr;

  mlir::OpBuilder builder(kernel.getContext());
  mlir::OwningOpRef<mlir::func::FuncOp> clone(llvm::cast<mlir::func::FuncOp>(kernel->clone()));
  mlir::Block &block = clone->getBody().front();
  for (auto [argument, shape] : llvm::zip(block.getArguments(), *shapes))
    argument.setType(withShape(argument, shape));
  inferShapes(block);
  mlir::Operation *terminator = block.getTerminator();
  mlir::Value returned = terminator->getOperand(0);
  mlir::RankedTensorType wanted = withShape(returned, shapes->back());
  if (returned.getType() != wanted) {
    builder.setInsertionPoint(terminator);
    terminator->setOperand(0, ir::BroadcastOp::create(builder, returned.getLoc(), wanted, returned,
                                                      wanted.getShape()));
  }
  clone->setFunctionType(builder.getFunctionType(block.getArgumentTypes(), wanted));
  return clone;
}

} // namespace quern::codegen
