// Masks that compare: a key with a query, as j <= i, or their ranks in an order. Nothing is
// enumerated for each pair of them: in the order of the keys, each query sees a beginning.
#pragma once

#include "passes/causal/Reads.h"

namespace quern::passes {

/// `mask` [rows, taps], if it is a comparison of whole numbers that follow from the row with such
/// as follow from the tap: its keys and limits.
std::optional<Comparison> comparisonOf(mlir::Value mask);

/// gatherMax of a read with a comparison: in the order of the keys, a running maximum.
RankTensor gatherCompared(const Read &read, const RankTensor &operand,
                          llvm::ArrayRef<int64_t> resultShape);

/// scatterMax of a read with a comparison.
RankTensor scatterCompared(const Read &read, const RankTensor &wanted,
                           llvm::ArrayRef<int64_t> operandShape);

} // namespace quern::passes
