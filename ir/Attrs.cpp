#include "ir/Quern.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "ir/QuernEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/QuernAttrs.cpp.inc"

namespace quern::ir {

void QuernDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/QuernAttrs.cpp.inc"
      >();
}

using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

mlir::LogicalResult LayoutAttr::verify(EmitError emitError, llvm::ArrayRef<int64_t> order) {
  llvm::SmallVector<int64_t> sorted(order);
  llvm::sort(sorted);
  for (auto [index, axis] : llvm::enumerate(sorted))
    if (axis != static_cast<int64_t>(index))
      return emitError() << "a layout is a permutation of 0.." << order.size();
  return mlir::success();
}

mlir::LogicalResult PhotoAttr::verify(EmitError emitError, int64_t resize, int64_t crop,
                                      mlir::DenseF64ArrayAttr mean, mlir::DenseF64ArrayAttr std) {
  if (crop < 1 || resize < crop)
    return emitError() << "photo needs 1 <= crop <= resize, not crop = " << crop
                       << " and resize = " << resize;
  if (mean.size() != 3 || std.size() != 3)
    return emitError() << "photo needs a mean and a std of three numbers each";
  if (llvm::any_of(std.asArrayRef(), [](double value) { return !(value > 0); }))
    return emitError() << "photo needs a std above zero";
  return mlir::success();
}

mlir::LogicalResult LabelsAttr::verify(EmitError emitError, int64_t top, mlir::ArrayAttr names) {
  if (top < 1 || top > static_cast<int64_t>(names.size()))
    return emitError() << "labels needs 1 <= top <= " << names.size() << ", not " << top;
  if (!llvm::all_of(names, [](mlir::Attribute name) { return llvm::isa<mlir::StringAttr>(name); }))
    return emitError() << "labels needs strings as names";
  return mlir::success();
}

} // namespace quern::ir
