#include "runtime/formats/ScratchFolder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace quern::runtime {

Result<ScratchFolder> ScratchFolder::create() {
  std::error_code error;
  std::filesystem::path place = std::filesystem::temp_directory_path(error);
  if (error)
    return Failure{fmt::format("no place for temporary files ($TMPDIR): {}", error.message())};
  std::string name = (place / "quern-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    return Failure{
        fmt::format("{}: cannot make a temporary folder: {}", name, std::strerror(errno))};
  return ScratchFolder(name);
}

ScratchFolder::ScratchFolder(const std::string &folder)
    : folder(folder), removed(std::make_unique<RemovedOnSignal>(folder)) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (removed)
    std::filesystem::remove_all(folder, ignored);
}

} // namespace quern::runtime
