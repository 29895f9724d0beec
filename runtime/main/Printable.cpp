#include "runtime/main/Printable.h"

#include <fmt/format.h>

namespace quern::runtime {

namespace {

/// How many bytes the character takes that begins with `first`; 0 where none does.
size_t lengthOf(unsigned char first) {
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first < 0xe0)
    return 2;
  if (first >= 0xe0 && first < 0xf0)
    return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

} // namespace

std::string firstCharacter(std::string_view text) {
  auto first = static_cast<unsigned char>(text.front());
  size_t length = lengthOf(first);
  bool isSeen = length > 0 && length <= text.size() && first >= 0x20 && first != 0x7f;
  for (size_t at = 1; isSeen && at < length; ++at)
    isSeen = (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  return isSeen ? std::string(text.substr(0, length)) : fmt::format("\\x{:02x}", first);
}

} // namespace quern::runtime
