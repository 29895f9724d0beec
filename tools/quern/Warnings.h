// Warnings on their way to the user.
#pragma once

#include <fmt/format.h>

#include <string>

namespace quern::tools {

/// Shows warnings as they come, unless the user wants quiet, and keeps them: whoever runs what was
/// compiled earlier is told again.
class Warnings {
public:
  explicit Warnings(bool isQuiet = false) : isQuiet(isQuiet) {}

  /// Whole lines; what was shown before is not repeated.
  void show(const std::string &text) {
    if (all.find(text) != std::string::npos)
      return;
    if (!isQuiet)
      fmt::print(stderr, "{}", text);
    all += text;
  }
  /// All that were there, shown or not.
  const std::string &text() const { return all; }

private:
  bool isQuiet;
  std::string all;
};

} // namespace quern::tools
