#include "runtime/formats/RemovedOnSignal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace quern::runtime {

namespace {

constexpr std::array endings = {SIGHUP, SIGINT,  SIGQUIT, SIGILL,  SIGABRT, SIGBUS,
                                SIGFPE, SIGSEGV, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ};

/// An entry is used again once its path is gone, and never freed: a handler may be reading it.
struct Entry {
  std::atomic<char *> path = nullptr;
  Entry *next = nullptr;
};
std::atomic<Entry *> entries = nullptr;

std::array<struct sigaction, endings.size()> previous;

/// Removes a file, or a folder with its files. Only system calls: this runs in signal handlers.
void removePath(const char *path) {
  if (::unlink(path) == 0 || (errno != EISDIR && errno != EPERM))
    return;
  int folder = ::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    return;
  alignas(dirent64) std::array<char, 4096> names;
  long bytes = 0;
  while ((bytes = ::syscall(SYS_getdents64, folder, names.data(), names.size())) > 0)
    for (long at = 0; at < bytes;) {
      const auto *file = reinterpret_cast<const dirent64 *>(names.data() + at);
      ::unlinkat(folder, file->d_name, 0);
      at += file->d_reclen;
    }
  ::close(folder);
  ::rmdir(path);
}

/// Removes all, and lets the signal do what it would have done.
void removeAllAndEnd(int signal) {
  for (Entry *entry = entries.load(); entry; entry = entry->next)
    // The path stays allocated: freeing it is not for a handler, and the process ends.
    if (const char *path = entry->path.exchange(nullptr))
      removePath(path);
  for (size_t i = 0; i < endings.size(); ++i)
    if (endings[i] == signal)
      ::sigaction(signal, &previous[i], nullptr);
  // It is blocked until this handler returns.
  ::raise(signal);
}

void catchSignals() {
  struct sigaction action = {};
  action.sa_handler = removeAllAndEnd;
  ::sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < endings.size(); ++i)
    if (::sigaction(endings[i], nullptr, &previous[i]) == 0 && previous[i].sa_handler != SIG_IGN)
      ::sigaction(endings[i], &action, nullptr);
}

} // namespace

RemovedOnSignal::RemovedOnSignal(const std::string &path) : entry(nullptr) {
  static std::once_flag once;
  std::call_once(once, catchSignals);
  char *copy = ::strdup(path.c_str());
  for (Entry *known = entries.load(); known && !entry; known = known->next)
    if (char *none = nullptr; known->path.compare_exchange_strong(none, copy))
      entry = &known->path;
  if (entry)
    return;
  auto *added = new Entry;
  added->path = copy;
  added->next = entries.load();
  while (!entries.compare_exchange_weak(added->next, added)) {
  }
  entry = &added->path;
}

RemovedOnSignal::~RemovedOnSignal() { std::free(entry->exchange(nullptr)); }

} // namespace quern::runtime
