// Compiled kernels on disk, found by the content they were compiled from.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace quern::codegen {

/// What is kept of a kernel.
struct CachedKernel {
  std::string bytes;
  uint64_t threadScratchBytes = 0;
  uint64_t serialScratchBytes = 0;
  uint64_t multiplications = 0;
};

/// A folder of entries. Several processes may use it at once: an entry is written beside and
/// renamed. A damaged entry is as good as none and is written anew.
class KernelCache {
public:
  /// An empty `folder` keeps nothing. When its entries exceed `limitBytes`, the longest unused are
  /// removed.
  explicit KernelCache(std::string folder, uint64_t limitBytes = uint64_t{512} << 20);

  std::optional<CachedKernel> find(const std::string &key) const;
  /// A cache that cannot be written is no error: the kernel is compiled again next time.
  void insert(const std::string &key, const CachedKernel &kernel) const;
  /// Brings the folder back below its limit.
  void prune() const;

private:
  std::string folder;
  uint64_t limitBytes;
};

/// 32 hexadecimal digits that differ where any of the texts differs.
std::string contentKey(std::initializer_list<llvm::StringRef> texts);

/// What the running program was built from: kernels of another build are not taken from a cache.
std::string buildIdentity();

} // namespace quern::codegen
