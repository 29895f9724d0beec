#include "tools/quern/conv/InterruptNotice.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>

namespace quern::tools {
namespace {

constexpr std::array interrupts = {SIGINT, SIGTERM};

std::atomic<const char *> last = nullptr;

/// Only system calls: this runs in signal handlers.
void sayAndEnd(int signal) {
  if (const char *text = last.exchange(nullptr))
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0)
      ::_exit(128 + signal); // nobody listens
  ::signal(signal, SIG_DFL);
  // It is blocked until this handler returns.
  ::raise(signal);
}

} // namespace

InterruptNotice::InterruptNotice() {
  struct sigaction action = {}, previous = {};
  action.sa_handler = sayAndEnd;
  ::sigemptyset(&action.sa_mask);
  for (int signal : interrupts)
    if (::sigaction(signal, nullptr, &previous) == 0 && previous.sa_handler != SIG_IGN)
      ::sigaction(signal, &action, nullptr);
}

InterruptNotice::~InterruptNotice() { last = nullptr; }

void InterruptNotice::say(const std::string &text) {
  // What Ctrl-C shows on a terminal, and a line of progress, stand before it.
  last = said.emplace_back((isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "") + text + "\n").c_str();
}

} // namespace quern::tools
