// What is known of a value before its parameters are: masks.
#pragma once

#include "passes/causal/RankTensor.h"

#include <optional>

namespace quern::passes {

/// The elements of a value that depends on constants alone, as whole numbers; nothing for any other
/// value.
std::optional<RankTensor> constantElements(mlir::Value value);

/// 1 where a value may be other than zero and 0 where it is zero whatever the parameters are: a
/// masked weight is a parameter times a constant with zeros. Nothing where no element is known to
/// be zero.
std::optional<RankTensor> possiblyNonzero(mlir::Value value);

/// Whether `value` is a constant of zeros.
bool isZeros(mlir::Value value);

} // namespace quern::passes
