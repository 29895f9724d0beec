// The picture of a model's receptive fields: one HTML file that needs nothing else.
#pragma once

#include "passes/causal/Causality.h"

#include <string>

namespace quern::tools {

/// Writes the page, opened at output position `at`. False, with the reason on standard error, where
/// the file cannot be written.
bool writeCausalPage(const passes::CausalAnalysis &analysis, llvm::ArrayRef<int64_t> at,
                     const std::string &path);

} // namespace quern::tools
