// Finds the tensors of a pickled checkpoint and cuts them out of their storages.
#pragma once

#include "frontend/weights/Pickle.h"
#include "frontend/weights/WeightStore.h"
#include "runtime/DType.h"

#include <functional>

namespace quern::frontend::weights {

/// What torch pickles in place of a storage: a one-dimensional array that tensors are views of.
struct StorageId {
  quern_dtype dtype = QUERN_F32;
  std::string_view key; // names the bytes elsewhere in the file
  int64_t elements = 0; // of the bytes under the key
  // The part of them that this storage is; all but in files of torch before 1.0.
  int64_t viewOffset = 0;
  int64_t viewElements = 0;

  size_t bytes() const { return static_cast<size_t>(elements) * runtime::dtypeBytes(dtype); }
};

/// Reads a persistent id: ('storage', torch.FloatStorage, key, device, elements) and, in legacy
/// files, None or a view. Fails on types without a counterpart here (complex, quantised), and where
/// a size is negative or beyond 2^62 bytes.
Result<StorageId> readStorageId(const PickleValue &value);

/// The bytes under a storage's key, exactly `id.bytes()`.
using StorageLookup = std::function<Result<Blob>(const StorageId &id)>;

/// The tensors of the state dict in `root`: itself a dictionary of tensors, or holding one under
/// 'state_dict', 'model' or the like. Views that are not contiguous are copied; `copyLimit` bounds
/// the bytes of all such copies, since a small file can describe many.
Result<WeightStore> readStateDict(const PickleValue &root, const StorageLookup &lookup,
                                  size_t copyLimit);

} // namespace quern::frontend::weights
