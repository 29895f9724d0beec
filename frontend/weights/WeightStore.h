// Named tensors as a weights file holds them, whatever its format.
#pragma once

#include "runtime/formats/Npy.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quern::frontend::weights {

using runtime::Failure;
using runtime::Result;
using runtime::Status;

/// Bytes together with what keeps them alive: a mapped file or a heap buffer.
struct Blob {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;

  /// Part of the bytes, alive as long as the whole.
  Blob slice(size_t offset, size_t size) const { return {bytes.subspan(offset, size), owner}; }
};

/// Heap memory of `size` uninitialised bytes: a view to fill, and the blob that owns it.
struct NewBlob {
  std::span<std::byte> writable;
  Blob blob;
};
NewBlob allocateBlob(size_t size);

/// One named tensor: little-endian, contiguous, row-major. Copies share the data.
struct Weight {
  std::string name;
  quern_dtype dtype = QUERN_F32;
  std::vector<int64_t> shape; // none negative; empty for a scalar
  Blob data;                  // all elements, at any alignment: see `alignedWeight`

  int64_t elementCount() const;
};

/// The same tensor with data aligned to its elements, which a mapped file need not have; copies
/// only if it must.
Weight alignedWeight(const Weight &weight);

/// The tensors of one file, in the file's order, found by name.
class WeightStore {
public:
  /// Adds a tensor. Fails if the name is taken, empty or not UTF-8, or the data has not the size
  /// that the shape asks for.
  Status add(Weight weight);

  /// The tensor of that name, or null.
  const Weight *find(std::string_view name) const;

  const std::vector<Weight> &weights() const { return entries; }

  /// "safetensors", "npz", "torch (legacy)" or "torch (zip)".
  std::string format;
  /// Free text that came with the tensors (safetensors only).
  std::map<std::string, std::string> metadata;
  /// What the reader decided or left out, one sentence each, for the user.
  std::vector<std::string> notes;

private:
  std::vector<Weight> entries;
  std::unordered_map<std::string, size_t> positions;
};

} // namespace quern::frontend::weights
