// Whole files: mapped for reading, written beside their place and renamed.
#pragma once

#include "runtime/formats/Result.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace quern::runtime {

/// A regular file mapped read-only. Unmapped with the object; views into it must not outlive it.
class MappedFile {
public:
  /// Fails for a missing or unreadable file, a folder, a pipe. An empty file has an empty view.
  static Result<MappedFile> open(const std::string &path);
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data, size}; }

private:
  MappedFile(const std::byte *data, size_t size) : data(data), size(size) {}
  const std::byte *data = nullptr;
  size_t size = 0;
};

/// The first `count` bytes of a file or pipe, or all if there are fewer; "-" is the standard input.
Result<std::vector<std::byte>> readStart(const std::string &path, size_t count);

/// How many bytes there may be of what begins so.
using MostBytes = std::function<size_t(std::span<const std::byte> start)>;

/// All bytes of a file or pipe; "-" is the standard input. What is no regular file may be endless:
/// of it one byte more than there may be is read, which tells that there are too many.
Result<std::vector<std::byte>> readFinite(const std::string &path, const MostBytes &most);

/// All bytes of a file or pipe; "-" is the standard input. Fails once there are more than `limit`.
Result<std::vector<std::byte>> readBytes(const std::string &path, size_t limit = SIZE_MAX);

struct WriteOptions {
  /// Whoever may read the file may also run it.
  bool isExecutable = false;
};

/// Writes the parts one after the other to a new file beside `path` and renames it into place, so
/// that nobody ever sees a part of it: on failure (no such folder, no permission, no space) and on
/// a signal that ends the process nothing is left but the old file, if any, untouched. A link's
/// target is replaced, not the link; an older file's permissions are kept. Devices and pipes are
/// written as it comes, as is the standard output for "-".
Status writeBytes(const std::string &path, std::span<const std::span<const std::byte>> parts,
                  const WriteOptions &options = {});

/// Whether two paths name one regular file, which need not be there yet. "-" is a stream, and no
/// name no file.
bool isOneFile(const std::string &a, const std::string &b);

/// Failure where `file` is one of those that a command needs for itself: "FILE: would overwrite
/// what this command DEED; give WHAT another name".
Status checkSpared(const std::string &file, std::span<const std::string> own, std::string_view what,
                   std::string_view deed = "reads");

/// Whether writeBytes would find its place as things are, said before hours of work rather than
/// after. What is at `path` stays as it is.
Status checkWritable(const std::string &path);

} // namespace quern::runtime
