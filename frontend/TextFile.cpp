#include "frontend/TextFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

namespace quern::frontend {

namespace fs = llvm::sys::fs;

using Text = std::unique_ptr<llvm::MemoryBuffer>;

namespace {

/// What the system has no error for.
class NoText : public std::error_category {
public:
  const char *name() const noexcept override { return "quern text"; }
  std::string message(int) const override {
    return "it holds zero bytes, as programs and images do, so it is no text";
  }
};

} // namespace

/// Text, or why it is none.
static llvm::ErrorOr<Text> asText(llvm::StringRef contents, llvm::StringRef name) {
  static const NoText noText;
  if (contents.contains('\0'))
    return std::error_code(1, noText);
  return llvm::MemoryBuffer::getMemBufferCopy(contents, name);
}

/// Reads until the end, or a little beyond the limit.
static llvm::ErrorOr<Text> readAll(fs::file_t file, llvm::StringRef name) {
  constexpr size_t chunk = 64 << 10;
  llvm::SmallString<0> contents;
  while (contents.size() <= textSizeLimit) {
    size_t filled = contents.size();
    contents.resize_for_overwrite(filled + chunk);
    llvm::Expected<size_t> got =
        fs::readNativeFile(file, llvm::MutableArrayRef<char>(contents).drop_front(filled));
    if (!got)
      return llvm::errorToErrorCode(got.takeError());
    contents.truncate(filled + *got);
    if (*got == 0)
      return asText(contents, name);
  }
  return std::make_error_code(std::errc::file_too_large);
}

llvm::ErrorOr<Text> readTextFile(llvm::StringRef path) {
  fs::file_status status;
  if (std::error_code error = fs::status(path, status))
    return error;
  if (status.type() == fs::file_type::directory_file)
    return std::make_error_code(std::errc::is_a_directory);
  if (status.getSize() > textSizeLimit)
    return std::make_error_code(std::errc::file_too_large);
  llvm::Expected<fs::file_t> file = fs::openNativeFileForRead(path);
  if (!file)
    return llvm::errorToErrorCode(file.takeError());
  llvm::ErrorOr<Text> text = readAll(*file, path);
  (void)fs::closeFile(*file);
  return text;
}

llvm::ErrorOr<Text> readStandardInput() { return readAll(fs::getStdinHandle(), "<stdin>"); }

} // namespace quern::frontend
