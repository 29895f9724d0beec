// One step of the analysis over one Read, in either direction.
#pragma once

#include "passes/causal/Reads.h"

namespace quern::passes {

/// result[r] = the largest of the operand's elements that r reads; never where it reads none.
RankTensor gatherMax(const Read &read, const RankTensor &operand,
                     llvm::ArrayRef<int64_t> resultShape);

/// operand[o] = the largest of the result's elements `wanted` that read o; never where none does.
RankTensor scatterMax(const Read &read, const RankTensor &wanted,
                      llvm::ArrayRef<int64_t> operandShape);

} // namespace quern::passes
