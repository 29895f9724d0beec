#include "frontend/weights/AtomicFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace quern::frontend::weights {

namespace {

std::error_code writeAll(int descriptor, std::span<const std::byte> bytes) {
  constexpr size_t mostAtOnce = size_t{1} << 30; // Linux writes less than 2 GiB per call
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), mostAtOnce));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return {errno, std::generic_category()};
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

runtime::Failure cannotWrite(const std::string &path, const std::string &why) {
  return {fmt::format("{}: cannot write: {}", path, why)};
}

} // namespace

runtime::Status writeFileAtomically(const std::string &path,
                                    std::span<const std::span<const std::byte>> pieces) {
  // Renaming onto a link would replace the link, and onto a device the device.
  llvm::SmallString<256> target(path);
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status)) {
    if (!llvm::sys::fs::is_regular_file(status))
      return cannotWrite(path, llvm::sys::fs::is_directory(status) ? "it is a folder"
                                                                   : "it is not a plain file");
    if (const std::error_code error = llvm::sys::fs::real_path(path, target))
      return cannotWrite(path, error.message());
  }

  llvm::Expected<llvm::sys::fs::TempFile> file = llvm::sys::fs::TempFile::create(
      target.str() + ".%%%%%%%%.part", llvm::sys::fs::all_read | llvm::sys::fs::all_write);
  if (!file)
    return cannotWrite(path, llvm::toString(file.takeError()));

  std::error_code error;
  for (const std::span<const std::byte> piece : pieces)
    if (!error)
      error = writeAll(file->FD, piece);
  if (!error && ::fsync(file->FD) != 0)
    error = {errno, std::generic_category()};
  if (error) {
    llvm::consumeError(file->discard());
    return cannotWrite(path, error.message());
  }
  if (llvm::Error renaming = file->keep(target))
    return cannotWrite(path, llvm::toString(std::move(renaming)));
  return runtime::success();
}

} // namespace quern::frontend::weights
