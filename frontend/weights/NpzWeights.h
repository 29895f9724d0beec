// NumPy's archives of named arrays as weights.
#pragma once

#include "frontend/weights/WeightStore.h"
#include "runtime/formats/Zip.h"

namespace quern::frontend::weights {

/// Reads the archive's members NAME.npy. `archive` is a view of `file`; arrays that are not
/// compressed are not copied. Fails where a member is no array, or one that runtime/formats/Npy.h
/// does not read.
Result<WeightStore> readNpzWeights(const Blob &file, const runtime::ZipArchive &archive);

} // namespace quern::frontend::weights
