// One line on the terminal that tells what a long command is doing; silent where standard error is
// no terminal.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace quern::tools {

class Progress {
public:
  /// `isQuiet` switches it off on a terminal too.
  explicit Progress(bool isQuiet);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Shows "what [###   ] done/total 3.1 s"; without a total no bar.
  void show(std::string_view what, int done = 0, int total = 0);
  /// Takes the line away, so that something else can be printed.
  void clear();

private:
  bool isShown;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

} // namespace quern::tools
