// Elementwise ops over a row of elements, for those who have no whole tensors.
#pragma once

#include "ir/Quern.h"

#include <vector>

namespace quern::ir {

/// out[i] = what an elementwise op makes of element i of its operands' rows, as `evaluate` does;
/// false for any other op. All rows are as long as `out`; those of operands that are missing are
/// not read.
bool evaluateRow(mlir::Operation *op, const std::vector<double> (&operands)[3],
                 std::vector<double> &out);

} // namespace quern::ir
