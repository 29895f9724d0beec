// The one style of .qn files (`quern fmt`).
#pragma once

#include "frontend/Diagnostics.h"

#include <optional>
#include <string>

namespace quern::frontend {

/// The columns a formatted line keeps to where it can.
constexpr unsigned formatWidth = 100;

/// `text` in the one style, or nothing where it does not parse (`diagnostics` has told why).
/// Formatting the result again changes nothing; tokens (but for an optional last comma) and
/// comments are those of `text`, in order. `text` lies in a buffer of the diagnostics' source
/// manager.
std::optional<std::string> format(StringRef path, StringRef text, Diagnostics &diagnostics);

} // namespace quern::frontend
