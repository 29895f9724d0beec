// Where in a model's source an op comes from.
#pragma once

#include "mlir/IR/Location.h"

#include <string>

namespace quern::ir {

/// "file:line:column" of the first position within `loc` (the op itself before its callers), or "".
std::string locationText(mlir::Location loc);

} // namespace quern::ir
