#include "passes/Model.h"

#include "ir/Layout.h"

namespace quern::passes {
namespace {
mlir::func::FuncOp marked(mlir::ModuleOp module, llvm::StringRef attribute) {
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (function->hasAttr(attribute))
      return function;
  return {};
}
} // namespace

mlir::func::FuncOp modelOf(mlir::ModuleOp module) {
  mlir::func::FuncOp model = signatureOf(module);
  return model && model.isDeclaration() ? nullptr : model;
}

mlir::func::FuncOp signatureOf(mlir::ModuleOp module) { return marked(module, ir::names::model); }

mlir::func::FuncOp prepareOf(mlir::ModuleOp module) { return marked(module, ir::names::prepare); }

bool isFreeReshape(mlir::Operation *op) {
  auto reshape = llvm::dyn_cast_or_null<ir::ReshapeOp>(op);
  return reshape &&
         ir::isReshapeFree(tensorType(reshape.getInput()), tensorType(reshape.getResult()));
}

mlir::Value behindFreeReshapes(mlir::Value value) {
  while (isFreeReshape(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

bool isSplatConstant(mlir::Value value) {
  auto constant = value.getDefiningOp<ir::ConstantOp>();
  auto elements = constant ? llvm::dyn_cast<mlir::DenseElementsAttr>(constant.getValue()) : nullptr;
  return elements && elements.isSplat();
}

} // namespace quern::passes
