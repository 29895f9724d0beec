// Compiles a list of cases for a target, loads all kernels as one library, runs each and compares.
#pragma once

#include "tests/ops/OpCase.h"

namespace quern::tests {

/// Runs every case; a mismatch becomes a GoogleTest failure with the case's name. Checked besides:
/// kernels write nothing outside their result, read no padding into it, and hold no more memory
/// than was announced.
void checkCases(const Cases &cases, const std::string &targetName);

} // namespace quern::tests
