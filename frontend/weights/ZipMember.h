// The members of a zip archive as blobs.
#pragma once

#include "frontend/weights/WeightStore.h"
#include "runtime/formats/Zip.h"

namespace quern::frontend::weights {

/// The member's bytes, checked: in place, sharing the file's owner, where it is not compressed,
/// otherwise decompressed.
Result<Blob> zipMember(const Blob &file, const runtime::ZipArchive &archive,
                       const runtime::ZipEntry &entry);

} // namespace quern::frontend::weights
