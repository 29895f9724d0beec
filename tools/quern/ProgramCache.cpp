#include "tools/quern/ProgramCache.h"

#include "runtime/formats/File.h"
#include "tools/quern/ModelSource.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <vector>

namespace quern::tools {
namespace {

namespace fs = std::filesystem;

/// Of the files beside a program that are its own.
constexpr const char *warningsSuffix = ".warnings";
constexpr const char *sideSuffixes[] = {".weights", warningsSuffix};

bool isWritable(const std::string &folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

/// A folder in the temporary place that nobody but this user can have put programs into.
runtime::Result<std::string> ownTemporaryFolder() {
  std::error_code error;
  fs::path place = fs::temp_directory_path(error);
  if (error)
    return runtime::Failure{fmt::format("no place for the program ($TMPDIR): {}", error.message())};
  std::string folder = place / fmt::format("quern-programs-{}", ::geteuid());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return runtime::Failure{
        fmt::format("no place for the program: {}: {}", folder, std::strerror(errno))};
  struct stat info;
  if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() ||
      (info.st_mode & 077) != 0)
    return runtime::Failure{
        fmt::format("{} is not this user's alone; set QUERN_CACHE to a folder", folder)};
  return folder;
}

} // namespace

runtime::Result<ProgramCache> ProgramCache::open() {
  if (std::string cache = cacheFolder(); !cache.empty()) {
    std::string folder = cache + "/programs";
    std::error_code ignored;
    fs::create_directories(folder, ignored);
    if (isWritable(folder))
      return ProgramCache(folder);
  }
  runtime::Result<std::string> folder = ownTemporaryFolder();
  if (!folder)
    return folder.failure();
  return ProgramCache(*folder);
}

bool ProgramCache::has(const std::string &name) const {
  if (!llvm::sys::fs::can_execute(pathOf(name)))
    return false;
  std::error_code ignored;
  fs::last_write_time(pathOf(name), fs::file_time_type::clock::now(), ignored);
  return true;
}

void ProgramCache::keepWarnings(const std::string &name, const std::string &text) const {
  std::string file = pathOf(name) + warningsSuffix;
  std::error_code ignored;
  if (text.empty()) {
    fs::remove(file, ignored);
    return;
  }
  std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  (void)runtime::writeBytes(file, {&bytes, 1});
}

std::string ProgramCache::warningsOf(const std::string &name) const {
  auto text = llvm::MemoryBuffer::getFile(pathOf(name) + warningsSuffix);
  return text ? (*text)->getBuffer().str() : "";
}

void ProgramCache::prune(const std::string &keep, uint64_t limitBytes) const {
  struct Program {
    fs::file_time_type used;
    uint64_t bytes;
    std::string path;
  };
  std::vector<Program> programs;
  uint64_t total = 0;
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error)) {
    if (llvm::is_contained(sideSuffixes, entry.path().extension().string()) ||
        !entry.is_regular_file(error))
      continue;
    Program program{entry.last_write_time(error), entry.file_size(error), entry.path()};
    for (const char *suffix : sideSuffixes)
      if (uint64_t bytes = fs::file_size(program.path + suffix, error); !error)
        program.bytes += bytes;
    total += program.bytes;
    if (program.path != pathOf(keep))
      programs.push_back(program);
  }
  llvm::sort(programs, [](const Program &a, const Program &b) { return a.used < b.used; });
  for (const Program &program : programs) {
    if (total <= limitBytes)
      return;
    total -= program.bytes;
    fs::remove(program.path, error);
    for (const char *suffix : sideSuffixes)
      fs::remove(program.path + suffix, error);
  }
}

} // namespace quern::tools
