// Bytes that came from outside, as a message may hold them.
#pragma once

#include <string>
#include <string_view>

namespace quern::runtime {

/// The character that `text` begins with: as it is where it is UTF-8 that can be seen, else its
/// first byte, as in \x01.
std::string firstCharacter(std::string_view text);

} // namespace quern::runtime
