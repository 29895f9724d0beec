// Checkpoints written by torch.save, read without torch and without running anything in them.
#pragma once

#include "frontend/weights/WeightStore.h"
#include "runtime/formats/Zip.h"

namespace quern::frontend::weights {

/// Whether the bytes begin as a pickle, which the form that torch wrote before version 1.6 does.
bool looksLikeLegacyCheckpoint(std::span<const std::byte> bytes);

/// Reads the legacy form: five pickles in a row (a magic number, the protocol's version, facts
/// about the writer, the state dict, the list of storage keys), then each storage as its number of
/// elements and its bytes. Contiguous tensors are not copied.
/// The form: `_legacy_load` in torch/serialization.py.
Result<WeightStore> readLegacyCheckpoint(const Blob &file);

/// Whether the archive, of whatever name, holds a pickled checkpoint: a member FOLDER/data.pkl.
bool looksLikeZipCheckpoint(const runtime::ZipArchive &archive);

/// Reads the zip form: FOLDER/data.pkl, the state dict, and FOLDER/data/KEY, a storage's bytes.
/// `archive` is a view of `file`. Contiguous tensors in members that are not compressed, as torch
/// leaves them, are not copied.
/// The form: `_load` in torch/serialization.py.
Result<WeightStore> readZipCheckpoint(const Blob &file, const runtime::ZipArchive &archive);

} // namespace quern::frontend::weights
