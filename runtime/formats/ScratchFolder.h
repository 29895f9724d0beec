// A folder for intermediate files.
#pragma once

#include "runtime/formats/RemovedOnSignal.h"
#include "runtime/formats/Result.h"

#include <memory>
#include <string>

namespace quern::runtime {

/// A folder of this process's own in the system's temporary place (TMPDIR), removed with the files
/// in it at the end, or by the signal that ends the process.
class ScratchFolder {
public:
  static Result<ScratchFolder> create();
  ScratchFolder(ScratchFolder &&) noexcept = default;
  ScratchFolder &operator=(ScratchFolder &&) = delete;
  ~ScratchFolder();
  /// The path of a file of that name in the folder.
  std::string file(const std::string &name) const { return folder + "/" + name; }

private:
  explicit ScratchFolder(const std::string &folder);
  std::string folder;
  std::unique_ptr<RemovedOnSignal> removed;
};

} // namespace quern::runtime
