#include "runtime/formats/File.h"

#include "runtime/formats/RemovedOnSignal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

namespace quern::runtime {

namespace {

Failure systemFailure(const std::string &path, const char *what) {
  return {fmt::format("{}: {}: {}", path, what, std::strerror(errno))};
}

Failure isFolder(const std::string &path) {
  return {fmt::format("{}: cannot write: is a folder", path)};
}

/// A file descriptor that closes itself.
class Descriptor {
public:
  explicit Descriptor(int fd) : fd(fd) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (fd > STDERR_FILENO)
      ::close(fd);
  }
  int get() const { return fd; }
  bool valid() const { return fd >= 0; }
  /// Closes now, so that an error that only shows then is seen.
  bool close() {
    int closed = ::close(fd);
    fd = -1;
    return closed == 0;
  }

private:
  int fd;
};

bool writeAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

bool writeAll(int fd, std::span<const std::span<const std::byte>> parts) {
  for (std::span<const std::byte> part : parts)
    if (!writeAll(fd, part))
      return false;
  return true;
}

Descriptor openToRead(const std::string &path) {
  return Descriptor(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// Reads on until there are `count` bytes, or no more come.
Status readOn(const Descriptor &file, const std::string &path, std::vector<std::byte> &bytes,
              size_t count) {
  size_t filled = bytes.size();
  while (filled < count) {
    if (filled == bytes.size())
      bytes.resize(std::min(count, std::max<size_t>(1 << 16, bytes.size() * 2)));
    ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return systemFailure(path, "cannot read");
    if (got == 0)
      break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  return success();
}

/// A new file in the folder of `path`, named for this process and call; `name` becomes its path.
/// Short, so that it fits wherever `path` does.
int createBeside(const std::string &path, mode_t mode, std::string &name,
                 std::optional<RemovedOnSignal> &removed) {
  static std::atomic<unsigned> count = 0;
  size_t folder = path.rfind('/') + 1; // 0 where there is none
  for (;;) {
    name = fmt::format("{}.{}-{}.part", path.substr(0, folder), ::getpid(), count++);
    removed.emplace(name);
    int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
}

/// The path behind symbolic links; `path` itself where there is nothing yet.
std::string linkTarget(const std::string &path) {
  std::unique_ptr<char, void (*)(void *)> resolved(::realpath(path.c_str(), nullptr), std::free);
  return resolved ? resolved.get() : path;
}

/// What is written to the old file's `mode`: runnable by those who may read it.
mode_t permissions(mode_t mode, bool isExecutable) {
  return (mode & 07777) | (isExecutable ? (mode & 0444) >> 2 : 0);
}

} // namespace

Result<MappedFile> MappedFile::open(const std::string &path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid())
    return systemFailure(path, "cannot open");
  struct stat info;
  if (::fstat(file.get(), &info) != 0)
    return systemFailure(path, "cannot stat");
  if (!S_ISREG(info.st_mode))
    return Failure{fmt::format("{}: not a regular file", path)};
  if (info.st_size == 0)
    return MappedFile(nullptr, 0);
  auto size = static_cast<size_t>(info.st_size);
  void *data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED)
    return systemFailure(path, "cannot map");
  return MappedFile(static_cast<const std::byte *>(data), size);
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : data(std::exchange(other.data, nullptr)), size(std::exchange(other.size, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(data, other.data);
  std::swap(size, other.size);
  return *this;
}

MappedFile::~MappedFile() {
  if (data)
    ::munmap(const_cast<std::byte *>(data), size);
}

Result<std::vector<std::byte>> readStart(const std::string &path, size_t count) {
  Descriptor file = openToRead(path);
  if (!file.valid())
    return systemFailure(path, "cannot open");
  std::vector<std::byte> bytes;
  if (Status status = readOn(file, path, bytes, count); !status)
    return status.failure();
  return bytes;
}

Result<std::vector<std::byte>> readFinite(const std::string &path, const MostBytes &most) {
  constexpr size_t telling = 64;
  Descriptor file = openToRead(path);
  struct stat info;
  if (!file.valid() || ::fstat(file.get(), &info) != 0)
    return systemFailure(path, "cannot open");
  std::vector<std::byte> bytes;
  if (Status status = readOn(file, path, bytes, telling); !status)
    return status.failure();
  size_t count = S_ISREG(info.st_mode) ? SIZE_MAX : most(bytes);
  count += count < SIZE_MAX ? 1 : 0;
  if (Status status = readOn(file, path, bytes, count); !status)
    return status.failure();
  bytes.resize(std::min(bytes.size(), count));
  return bytes;
}

Result<std::vector<std::byte>> readBytes(const std::string &path, size_t limit) {
  Result<std::vector<std::byte>> bytes = readStart(path, limit == SIZE_MAX ? SIZE_MAX : limit + 1);
  if (bytes && bytes->size() > limit)
    return Failure{fmt::format("{}: more than {} bytes", path, limit)};
  return bytes;
}

Status writeBytes(const std::string &path, std::span<const std::span<const std::byte>> parts,
                  const WriteOptions &options) {
  if (path == "-") {
    if (!writeAll(STDOUT_FILENO, parts))
      return systemFailure("standard output", "cannot write");
    return success();
  }
  struct stat info;
  bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    return isFolder(path);
  // Renaming over a device or a pipe would replace it by a file.
  if (exists && !S_ISREG(info.st_mode)) {
    Descriptor special(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!special.valid() || !writeAll(special.get(), parts))
      return systemFailure(path, "cannot write");
    return success();
  }
  std::string target = exists ? linkTarget(path) : path;
  std::string beside;
  std::optional<RemovedOnSignal> removed;
  Descriptor file(createBeside(target, options.isExecutable ? 0777 : 0666, beside, removed));
  if (!file.valid())
    return systemFailure(path, "cannot write");
  bool written =
      writeAll(file.get(), parts) &&
      (!exists || ::fchmod(file.get(), permissions(info.st_mode, options.isExecutable)) == 0);
  int reason = errno;
  bool closed = file.close();
  if (written && !closed)
    reason = errno;
  if (written && closed) {
    if (::rename(beside.c_str(), target.c_str()) == 0)
      return success();
    reason = errno;
  }
  ::unlink(beside.c_str());
  errno = reason;
  return systemFailure(path, "cannot write");
}

bool isOneFile(const std::string &a, const std::string &b) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (a.empty() || b.empty() || a == "-" ||
      (fs::exists(a, ignored) && !fs::is_regular_file(a, ignored)))
    return false;
  return fs::absolute(a, ignored).lexically_normal() ==
             fs::absolute(b, ignored).lexically_normal() ||
         fs::equivalent(a, b, ignored);
}

Status checkSpared(const std::string &file, std::span<const std::string> own, std::string_view what,
                   std::string_view deed) {
  for (const std::string &other : own)
    if (isOneFile(file, other))
      return Failure{fmt::format("{}: would overwrite what this command {}; give {} another name",
                                 file, deed, what)};
  return success();
}

Status checkWritable(const std::string &path) {
  if (path == "-")
    return success();
  struct stat info;
  bool exists = ::stat(path.c_str(), &info) == 0;
  // A name that is too long, for instance, shows nowhere else before the renaming.
  if (!exists && errno != ENOENT)
    return systemFailure(path, "cannot write");
  if (exists && S_ISDIR(info.st_mode))
    return isFolder(path);
  if (exists && !S_ISREG(info.st_mode)) {
    if (::access(path.c_str(), W_OK) != 0)
      return systemFailure(path, "cannot write");
    return success();
  }
  std::string beside;
  std::optional<RemovedOnSignal> removed;
  Descriptor file(createBeside(exists ? linkTarget(path) : path, 0600, beside, removed));
  if (!file.valid())
    return systemFailure(path, "cannot write");
  ::unlink(beside.c_str());
  return success();
}

} // namespace quern::runtime
