#include "passes/ByteText.h"

#include <fmt/format.h>

namespace quern::passes {

std::string byteText(int64_t bytes) {
  if (bytes < 1024)
    return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1024;
  for (const char *unit : {"KiB", "MiB"}) {
    if (size < 1024)
      return fmt::format("{:.1f} {}", size, unit);
    size /= 1024;
  }
  return fmt::format("{:.1f} GiB", size);
}

} // namespace quern::passes
