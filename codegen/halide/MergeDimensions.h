#pragma once

#include "ir/Quern.h"

#include "mlir/IR/OwningOpRef.h"

namespace quern::codegen {

/// For a kernel of elementwise ops only, whose operands lie in the result's order or broadcast: the
/// same kernel over row-major tensors with as few dimensions as possible (neighbours that all
/// operands traverse alike become one), so that loops are long and vectors full. Its buffers hold
/// the same bytes. Null where that changes nothing or the kernel is not such a one.
mlir::OwningOpRef<mlir::func::FuncOp> mergeDimensions(mlir::func::FuncOp kernel);

} // namespace quern::codegen
