#include "tools/quern/Progress.h"

#include <fmt/format.h>
#include <unistd.h>

namespace quern::tools {

Progress::Progress(bool isQuiet) : isShown(!isQuiet && isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::show(std::string_view what, int done, int total) {
  if (!isShown)
    return;
  constexpr int width = 24;
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::string bar;
  if (total > 0)
    bar =
        fmt::format(" [{:-<{}}] {}/{}", std::string(static_cast<size_t>(width) * done / total, '#'),
                    width, done, total);
  fmt::print(stderr, "\r\x1b[K{}{} {:.1f} s", what, bar, seconds);
  std::fflush(stderr);
}

void Progress::clear() {
  if (isShown)
    fmt::print(stderr, "\r\x1b[K");
}

} // namespace quern::tools
