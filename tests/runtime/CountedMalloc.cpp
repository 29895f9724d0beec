#include "tests/runtime/CountedMalloc.h"

#include <atomic>
#include <cstddef>

namespace {

std::atomic<bool> counts{false};
std::atomic<int> allocations{0};

void note() {
  if (counts.load(std::memory_order_relaxed))
    ++allocations;
}

} // namespace

// glibc's own names for what it replaces when a program defines malloc.
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  note();
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  note();
  return __libc_calloc(count, size);
}
void *realloc(void *block, size_t size) {
  note();
  return __libc_realloc(block, size);
}
int posix_memalign(void **block, size_t alignment, size_t size) {
  note();
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : 12;
}
void *aligned_alloc(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
}

namespace quern::tests {

void countAllocations() { counts = true; }

int allocationsCounted() {
  counts = false;
  return allocations.exchange(0);
}

} // namespace quern::tests
