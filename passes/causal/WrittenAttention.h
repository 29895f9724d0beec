// Attention that is written out, for the derivation of step programs.
#pragma once

#include "ir/Quern.h"

namespace quern::passes {

/// A copy of `model`, beside it, in which a product of queries and keys, a mask that puts -1e9 or
/// less for some of its scores, a softmax and a product with values are one attention. Null where
/// there is none.
mlir::func::FuncOp withAttention(mlir::func::FuncOp model);

} // namespace quern::passes
