// Reads a weights file of any known format.
#pragma once

#include "frontend/weights/WeightStore.h"

namespace quern::frontend::weights {

/// The tensors in the file at `path`, mapped into memory and not copied where the format allows.
/// Safetensors, .npz and torch checkpoints (legacy and zip form) are told apart by their content.
/// Nothing in the file is executed. Fails, naming the file, on anything ill-formed; see each
/// format's header. While the weights are in use the file must not be cut short (replacing it by
/// renaming another is fine).
Result<WeightStore> loadWeights(const std::string &path);

/// The same for bytes in memory, which the weights share; errors do not name a file.
Result<WeightStore> readWeights(const Blob &file);

} // namespace quern::frontend::weights
