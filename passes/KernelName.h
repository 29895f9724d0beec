// Names of kernels that say what is in them.
#pragma once

#include "ir/Quern.h"

#include <string>

namespace quern::passes {

/// For the body of one kernel, e.g. "conv_3x3_64_56x56_add_relu": the anchor, its extents, and the
/// ops after it. A C identifier; not unique.
std::string kernelName(mlir::Block &body);

} // namespace quern::passes
