// Values that depend on constants alone: masks, orders, tables of places.
#pragma once

#include "passes/causal/RankTensor.h"

#include <optional>

namespace quern::passes {

bool dependsOnConstantsAlone(mlir::Value value);

/// The elements of a value that depends on constants alone, as whole numbers; nothing for any other
/// value.
std::optional<RankTensor> constantElements(mlir::Value value);

/// The range (Range::packed) of each element of a value that depends on constants alone.
RankTensor constantRanges(mlir::Value value);

/// Whether `value` is a constant of zeros.
bool isZeros(mlir::Value value);

} // namespace quern::passes
