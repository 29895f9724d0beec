#include "codegen/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

namespace quern::codegen {
namespace {

llvm::Error cannot(llvm::StringRef what, llvm::StringRef path, std::error_code why) {
  return llvm::createStringError(why, "cannot %s '%s': %s", what.str().c_str(), path.str().c_str(),
                                 why.message().c_str());
}

/// Renames `beside` to `path`; on failure removes it.
llvm::Error rename(llvm::StringRef beside, llvm::StringRef path) {
  std::error_code error = llvm::sys::fs::is_directory(path)
                              ? std::make_error_code(std::errc::is_a_directory)
                              : llvm::sys::fs::rename(beside, path);
  if (!error) {
    llvm::sys::DontRemoveFileOnSignal(beside);
    return llvm::Error::success();
  }
  llvm::sys::fs::remove(beside);
  return cannot("write", path, error);
}

} // namespace

llvm::Error writeOutput(llvm::StringRef path, llvm::ArrayRef<llvm::ArrayRef<char>> parts) {
  llvm::SmallString<128> beside;
  int file;
  if (std::error_code error = llvm::sys::fs::createUniqueFile(
          path + ".%%%%%%.tmp", file, beside, llvm::sys::fs::OF_None,
          llvm::sys::fs::all_read | llvm::sys::fs::all_write))
    return cannot("write", path, error);
  llvm::sys::RemoveFileOnSignal(beside);
  llvm::raw_fd_ostream out(file, /*shouldClose=*/true);
  for (llvm::ArrayRef<char> part : parts)
    out.write(part.data(), part.size());
  out.close();
  if (std::error_code error = out.error()) {
    out.clear_error();
    llvm::sys::fs::remove(beside);
    return cannot("write", path, error);
  }
  return rename(beside, path);
}

llvm::Error installOutput(llvm::StringRef finished, llvm::StringRef path) {
  // The scratch folder may be on another file system, so the bytes are copied beside `path` first.
  llvm::SmallString<128> beside;
  if (std::error_code error = llvm::sys::fs::createUniqueFile(path + ".%%%%%%.tmp", beside))
    return cannot("write", path, error);
  llvm::sys::RemoveFileOnSignal(beside);
  std::error_code error = llvm::sys::fs::copy_file(finished, beside);
  llvm::ErrorOr<llvm::sys::fs::perms> permissions = llvm::sys::fs::getPermissions(finished);
  if (!error && permissions)
    error = llvm::sys::fs::setPermissions(beside, *permissions);
  if (error) {
    llvm::sys::fs::remove(beside);
    return cannot("write", path, error);
  }
  return rename(beside, path);
}

llvm::Expected<ScratchFolder> ScratchFolder::create() {
  llvm::SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("quern", folder))
    return cannot("make a temporary folder", folder, error);
  return ScratchFolder(folder.str().str());
}

ScratchFolder::~ScratchFolder() {
  if (!folder.empty())
    llvm::sys::fs::remove_directories(folder);
}

} // namespace quern::codegen
