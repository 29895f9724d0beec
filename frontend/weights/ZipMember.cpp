#include "frontend/weights/ZipMember.h"

namespace quern::frontend::weights {

Result<Blob> zipMember(const Blob &file, const runtime::ZipArchive &archive,
                       const runtime::ZipEntry &entry) {
  if (!entry.deflated) {
    const Result<std::span<const std::byte>> stored = archive.stored(entry);
    return stored ? Result<Blob>(Blob{*stored, file.owner}) : stored.failure();
  }
  Result<std::vector<std::byte>> bytes = archive.read(entry);
  if (!bytes)
    return bytes.failure();
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(*bytes));
  return Blob{*owner, owner};
}

} // namespace quern::frontend::weights
