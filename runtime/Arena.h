// One reservation of pages that a context cuts its memory from.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::runtime {

/// Zeroed pages straight from the system. A plain structure: whoever holds it calls reserve and
/// release.
struct Arena {
  unsigned char *base = nullptr;
  uint64_t size = 0;

  /// False when the system refuses. From 2 MiB on, aligned to and advised as huge pages: every
  /// kernel walks this memory, and misses of the address cache cost more than the memory that
  /// rounding wastes.
  bool reserve(uint64_t bytes);
  void release();
};

} // namespace quern::runtime
