// The picture of a model's receptive fields: one HTML file that needs nothing else.
#pragma once

#include "tools/quern/causal/CausalReport.h"

#include <string>

namespace quern::tools {

/// Writes the page, opened at the output position that the report looks at. False, with the reason
/// on standard error, where the file cannot be written.
bool writeCausalPage(const CausalReport &report, const std::string &path);

} // namespace quern::tools
