// What is known of a value before its parameters are: masks.
#pragma once

#include "passes/causal/RankTensor.h"

#include <optional>

namespace quern::passes {

bool dependsOnConstantsAlone(mlir::Value value);

/// The elements of a value that depends on constants alone, as whole numbers; nothing for any other
/// value.
std::optional<RankTensor> constantElements(mlir::Value value);

/// The sign of each element of a value that depends on constants alone.
RankTensor constantSigns(mlir::Value value);

/// 1 where a value may be other than zero and 0 where it is zero whatever the parameters and the
/// inputs are (KnownSigns::possiblyNonzero).
std::optional<RankTensor> possiblyNonzero(mlir::Value value);

/// Whether a weight is a rational function of its parameters, as a mask times one is, or a product
/// of masked matrices: such a function is zero for all parameters where it is for generic ones. Of
/// `min(w, 0)` or `w * (w < 0)` nothing of the kind is true.
bool isRationalWeight(mlir::Value value);

/// The same as `possiblyNonzero` of a rational weight; nothing for any other value.
std::optional<RankTensor> possiblyNonzeroWeights(mlir::Value value);

/// 1 where a score may weigh something after a softmax and 0 where a constant excludes it: one of
/// -1e9 or less that stands in its place or is added to it, in a row that admits others. Where a
/// row admits none, all weigh the same. Nothing where no score is known to be excluded.
std::optional<RankTensor> admittedScores(ir::SoftmaxOp softmax);

/// Whether `value` is a constant of zeros.
bool isZeros(mlir::Value value);

} // namespace quern::passes
