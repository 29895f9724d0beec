// Inputs that the user gives to judge the errors of convolutions by.
#pragma once

#include "tools/quern/Compilation.h"

#include <optional>

namespace quern::tools {

/// What each convolution of the model, in order, reads when the program compiled from it, all
/// convolutions direct, runs on `options.calibration`: passes::ConvPolicy::observed. Inputs of
/// other types than f32 are left empty. Nothing, and the reason printed, on failure.
std::optional<std::vector<std::vector<float>>> calibrate(const CompilationOptions &options);

} // namespace quern::tools
