#include "codegen/OutputFile.h"

#include "runtime/formats/File.h"

#include <span>
#include <vector>

namespace quern::codegen {
namespace {

llvm::Error asError(const runtime::Status &status) {
  if (status)
    return llvm::Error::success();
  return llvm::createStringError(status.error());
}

} // namespace

llvm::Error writeOutput(llvm::StringRef path, llvm::ArrayRef<llvm::ArrayRef<char>> parts) {
  std::vector<std::span<const std::byte>> bytes;
  for (llvm::ArrayRef<char> part : parts)
    bytes.push_back(std::as_bytes(std::span(part.data(), part.size())));
  return asError(runtime::writeBytes(path.str(), bytes));
}

llvm::Error installOutput(llvm::StringRef finished, llvm::StringRef path, bool isExecutable) {
  // The scratch folder may be on another file system, so a rename alone would not do.
  runtime::Result<runtime::MappedFile> file = runtime::MappedFile::open(finished.str());
  if (!file)
    return llvm::createStringError(file.error());
  std::span<const std::byte> bytes = file->bytes();
  runtime::WriteOptions options;
  options.isExecutable = isExecutable;
  return asError(runtime::writeBytes(path.str(), {&bytes, 1}, options));
}

} // namespace quern::codegen
