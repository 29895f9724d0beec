// What must not stay behind when a signal ends the process: files being written beside their place,
// folders of intermediate files.
#pragma once

#include <atomic>
#include <string>

namespace quern::runtime {

/// While this lives, a signal that ends the process (an interrupt, a closed terminal or pipe, a
/// limit, a crash) removes the file, or the folder with the files in it, before it does. A signal
/// that the process ignores or that another handler takes keeps its meaning. Any number of these
/// may live at once, in any threads.
class RemovedOnSignal {
public:
  explicit RemovedOnSignal(const std::string &path);
  RemovedOnSignal(const RemovedOnSignal &) = delete;
  RemovedOnSignal &operator=(const RemovedOnSignal &) = delete;
  ~RemovedOnSignal();

private:
  std::atomic<char *> *entry;
};

} // namespace quern::runtime
