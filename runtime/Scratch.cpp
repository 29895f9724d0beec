#include "runtime/Scratch.h"

#include "runtime/ModelImage.h"

#include <new>

namespace quern::runtime {

/// Precedes what the kernel gets. It fills 128 bytes, so that the kernel's part is aligned as the
/// stack is.
struct alignas(128) ScratchStack::Block {
  Block *previous;
  uint64_t bytes;
  bool isFree;
};

void ScratchStack::open(unsigned char *start, uint64_t bytes) {
  static_assert(sizeof(Block) == 128 && scratchBytesOf(0) == sizeof(Block));
  base = start;
  capacity = bytes;
  clear();
}

void *ScratchStack::take(uint64_t size) {
  if (size > capacity || scratchBytesOf(size) > capacity - used)
    return nullptr;
  auto *block = new (base + used) Block{last, scratchBytesOf(size), false};
  used += block->bytes;
  last = block;
  return block + 1;
}

void ScratchStack::give(void *memory) {
  (static_cast<Block *>(memory) - 1)->isFree = true;
  while (last && last->isFree) {
    used -= last->bytes;
    last = last->previous;
  }
}

void ScratchStack::clear() {
  used = 0;
  last = nullptr;
}

} // namespace quern::runtime
