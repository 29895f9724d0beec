#include "ir/Infer.h"
#include "ir/Quern.h"
#include "ir/QuernDialect.cpp.inc"
#include "ir/QuernInterfaces.cpp.inc"
#include "ir/SegmentDot.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

#define GET_OP_CLASSES
#include "ir/QuernOps.cpp.inc"

namespace quern::ir {

void QuernDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "ir/QuernOps.cpp.inc"
      >();
  addOperations<SegmentDotOp>();
}

mlir::Operation *QuernDialect::materializeConstant(mlir::OpBuilder &builder, mlir::Attribute value,
                                                   mlir::Type type, mlir::Location loc) {
  auto elements = llvm::dyn_cast<mlir::ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}

} // namespace quern::ir
