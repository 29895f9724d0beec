// What a command says that an interrupt ends.
#pragma once

#include <list>
#include <string>

namespace quern::tools {

/// While this lives, an interrupt (Ctrl-C, a request to terminate) prints to standard error what
/// was said last, and then ends the process as it would have. One at a time; it must live before
/// anything is made that a signal is to remove (RemovedOnSignal), which then comes first.
class InterruptNotice {
public:
  InterruptNotice();
  ~InterruptNotice();
  InterruptNotice(const InterruptNotice &) = delete;
  InterruptNotice &operator=(const InterruptNotice &) = delete;

  /// Without a line's end.
  void say(const std::string &text);

private:
  std::list<std::string> said; ///< all of it: a handler may be reading
};

} // namespace quern::tools
