// Models in the order of generation, for the derivation of step programs.
#pragma once

#include "ir/Quern.h"

namespace quern::passes {

/// The contract of a model whose positions lie in the order of generation.
ir::CausalAttr withoutOrder(ir::CausalAttr contract);

/// A copy of `model`, beside it, in which every generated value lies in the order of generation:
/// positions by their ranks, where the contract has an explicit order; the units of dense layers in
/// groups, [positions, units of each], by the position that completes what they see. Weights,
/// biases and masks are permuted to match. The input's elements are taken by rank.
///
/// Null where the model is in that order as it stands. Fails with a diagnostic.
mlir::FailureOr<mlir::func::FuncOp> inRankOrder(mlir::func::FuncOp model, ir::CausalAttr contract);

} // namespace quern::passes
