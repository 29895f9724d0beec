// Listings of several units in one file.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <string>

namespace quern::codegen {

/// Assembly of part `number` of a listing, whose local labels (".LBB0_1") carry that number
/// (".L2_BB0_1"): all parts can be assembled as one.
std::string withOwnLabels(llvm::StringRef assembly, size_t number);

} // namespace quern::codegen
