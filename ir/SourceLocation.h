// Where in a model's source an op comes from.
#pragma once

#include "mlir/IR/Location.h"

#include <string>

namespace quern::ir {

/// The user's place behind `loc`: the innermost call of its call stack that is not in the standard
/// library, whose files are named "quern/FILE"; where all are, the innermost in the file of the
/// outermost. Of fused locations the first that has one. Null if there is none.
mlir::FileLineColLoc userLocation(mlir::Location loc);

/// The same as "file:line:column", or "".
std::string locationText(mlir::Location loc);

/// The label of the op's place in the model ("layer1.0.conv1"), or "". Of fused locations the first
/// that has one.
std::string labelText(mlir::Location loc);

} // namespace quern::ir
