// Elementwise ops over a row of elements, for those who have no whole tensors.
#pragma once

#include "ir/Quern.h"

namespace quern::ir {

/// out[i] = what an elementwise op makes of element i of its operands' rows, as `evaluate` does;
/// false for any other op. All rows are as long as `out`.
bool evaluateRow(mlir::Operation *op, llvm::ArrayRef<llvm::ArrayRef<double>> operands,
                 llvm::MutableArrayRef<double> out);

} // namespace quern::ir
