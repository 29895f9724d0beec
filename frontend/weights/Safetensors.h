// Safetensors: eight bytes of header length, a JSON header, the tensors' bytes.
// The format: https://github.com/huggingface/safetensors, "Format".
#pragma once

#include "frontend/weights/WeightStore.h"

namespace quern::frontend::weights {

/// Whether the bytes begin as a safetensors file does, be it well-formed or not.
bool looksLikeSafetensors(std::span<const std::byte> bytes);

/// Reads the file's tensors without copying any. Fails on everything that the format forbids: a
/// header longer than the file or than 100 MB, ill-formed JSON, repeated keys, unknown types, sizes
/// that overflow or disagree with the offsets, and tensors that overlap or leave bytes unused.
Result<WeightStore> readSafetensors(const Blob &file);

/// Writes the tensors, whose names must differ, to `path`. Equal tensors and metadata give equal
/// bytes, whatever their order. The data begins at a multiple of 64 bytes, the tensors follow by
/// falling element size, then name, so that each is aligned to its elements (the format allows no
/// gaps). The file appears whole or not at all, see writeBytes.
Status writeSafetensors(std::span<const Weight> weights,
                        const std::map<std::string, std::string> &metadata,
                        const std::string &path);

} // namespace quern::frontend::weights
