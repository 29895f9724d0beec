// Sizes in memory, for people.
#pragma once

#include <cstdint>
#include <string>

namespace quern::passes {

/// "3.1 MiB".
std::string byteText(int64_t bytes);

} // namespace quern::passes
