// What an attention's mask admits each query to: runs of keys, few where there are elements without
// number.
#pragma once

#include "passes/causal/Reads.h"

namespace quern::passes {

/// What a mask [queries, keys] admits each query to; nothing where the mask is not known.
std::optional<AdmittedKeys> admittedKeys(mlir::Value mask);

/// The mask of a read as runs of its taps; nothing where these are many, or where it is no table of
/// one axis of the result and of one map.
std::optional<AdmittedKeys> asRuns(const Read &read);

/// gatherMax of a read with admitted keys.
RankTensor gatherAdmitted(const Read &read, const RankTensor &operand,
                          llvm::ArrayRef<int64_t> resultShape);

/// scatterMax of a read with admitted keys.
RankTensor scatterAdmitted(const Read &read, const RankTensor &wanted,
                           llvm::ArrayRef<int64_t> operandShape);

} // namespace quern::passes
