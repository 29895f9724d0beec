// The memory that kernels ask for while they run: stacks that are reserved when the context is
// created.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::runtime {

/// Allocations of one thread, or of the code outside parallel loops. Kernels free nearly in reverse
/// order; a block that is freed before a younger one is reclaimed when that one is freed.
class ScratchStack {
public:
  /// Uses `bytes` bytes from `base`, both multiples of 128.
  void open(unsigned char *base, uint64_t bytes);
  /// 128-byte aligned, or null when the stack has no room left.
  void *take(uint64_t size);
  /// `block` comes from take on this stack.
  void give(void *block);
  bool holds(const void *block) const { return block >= base && block < base + capacity; }
  /// Forgets all blocks.
  void clear();

private:
  struct Block;
  unsigned char *base = nullptr;
  uint64_t capacity = 0;
  uint64_t used = 0;
  Block *last = nullptr;
};

} // namespace quern::runtime
