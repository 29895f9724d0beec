// What stands around a model: `from photo(...)` after an input's type, `as labels(...)` after a
// result's.
#pragma once

#include "frontend/Elaborator.h"

namespace quern::frontend {

/// The attribute that an input's adapter means on an argument of that type; null after an error.
mlir::Attribute inputAdapter(Elaborator &elaborator, const CallExpr &adapter,
                             mlir::RankedTensorType type);

/// The attribute that a result's adapter means on a result of that type; null after an error.
mlir::Attribute resultAdapter(Elaborator &elaborator, const CallExpr &adapter,
                              mlir::RankedTensorType type);

} // namespace quern::frontend
