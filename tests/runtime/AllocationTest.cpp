// quern_run allocates nothing: malloc and its kin are counted, in this program of its own, by
// standing in front of the C library's.
#include "tests/runtime/FakeModel.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>

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
namespace {

TEST(Allocation, countsAtAll) {
  counts = true;
  void *volatile block = malloc(10);
  counts = false;
  free(block);
  EXPECT_EQ(allocations.exchange(0), 1);
}

TEST(Allocation, runningNeedsNone) {
  FakeModel fake;
  for (int profile : {0, 1})
    for (uint32_t threads : {1u, 2u, 4u}) {
      quern_options options = QUERN_OPTIONS_DEFAULT;
      options.threads = threads;
      options.profile = profile;
      quern_context *context = nullptr;
      ASSERT_EQ(quern_create(&fake.model, &options, &context), QUERN_OK);
      float x[FakeModel::size] = {};
      float y[FakeModel::size];
      const void *inputs[] = {x};
      void *outputs[] = {y};
      counts = true;
      int status = QUERN_OK;
      for (int repeat = 0; repeat < 200; ++repeat)
        status |= quern_run(context, inputs, outputs);
      counts = false;
      EXPECT_EQ(status, QUERN_OK);
      EXPECT_EQ(allocations.exchange(0), 0) << threads << " threads";
      quern_destroy(context);
    }
}

} // namespace
} // namespace quern::tests
