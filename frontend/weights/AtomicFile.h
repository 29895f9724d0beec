// A file that appears whole or not at all.
#pragma once

#include "runtime/formats/Result.h"

#include <cstddef>
#include <span>
#include <string>

namespace quern::frontend::weights {

/// Writes the pieces, one after the other, to a new file beside `path`, flushes it to the disk and
/// renames it to `path`. On failure (no such folder, no permission, no space) and on a signal that
/// ends the process the new file is removed and an older file of that name stays as it was. Follows
/// symbolic links; refuses to replace what is no plain file.
runtime::Status writeFileAtomically(const std::string &path,
                                    std::span<const std::span<const std::byte>> pieces);

} // namespace quern::frontend::weights
