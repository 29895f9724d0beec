#include "tests/ops/KernelImports.h"

#include "runtime/HalideAbi.h"
#include "runtime/ModelImage.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace halideAbi = quern::runtime::abi;

namespace {

/// Memory that the kernel in question holds, as runtime::scratchBytesOf and ScratchStack count:
/// what is freed before something younger is reclaimed with that.
struct Usage {
  struct Block {
    void *memory;
    uint64_t bytes;
    bool isFree = false;
  };
  std::atomic<uint64_t> *peak;
  std::vector<Block> blocks = {};
  uint64_t now = 0;

  void take(void *memory, uint64_t bytes) {
    blocks.push_back({memory, bytes});
    now += bytes;
    uint64_t seen = *peak;
    while (seen < now && !peak->compare_exchange_weak(seen, now)) {
    }
  }

  void give(void *memory) {
    for (Block &block : blocks)
      block.isFree |= block.memory == memory;
    for (; !blocks.empty() && blocks.back().isFree; blocks.pop_back())
      now -= blocks.back().bytes;
  }
};
std::atomic<uint64_t> serialPeak, threadPeak;
thread_local Usage serialUsage{&serialPeak};
thread_local Usage threadUsage{&threadPeak};
thread_local int taskDepth = 0;

constexpr size_t testThreads = 2;

} // namespace

extern "C" {

void *halide_malloc(void *, size_t size) {
  void *block = nullptr;
  if (posix_memalign(&block, 128, size + quern::runtime::tailPadding) != 0)
    return nullptr;
  (taskDepth > 0 ? threadUsage : serialUsage).take(block, quern::runtime::scratchBytesOf(size));
  return block;
}

void halide_free(void *, void *block) {
  if (!block)
    return;
  (taskDepth > 0 ? threadUsage : serialUsage).give(block);
  std::free(block);
}

int halide_do_par_for(void *context, halideAbi::Task task, int min, int size, uint8_t *closure) {
  std::atomic<int> next = min, failure = 0;
  auto work = [&] {
    ++taskDepth;
    for (int i = next++; i < min + size; i = next++)
      if (int code = task(context, i, closure))
        failure = code;
    --taskDepth;
  };
  if (taskDepth > 0) {
    work();
    return failure;
  }
  std::vector<std::thread> threads;
  for (size_t i = 1; i < testThreads; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  return failure;
}

int halide_do_task(void *context, halideAbi::Task task, int index, uint8_t *closure) {
  return task(context, index, closure);
}

void halide_error(void *, const char *message) { ADD_FAILURE() << "halide_error: " << message; }

} // extern "C"

namespace quern::tests {

void forgetScratch() { serialPeak = threadPeak = 0; }

ScratchUse scratchUse() { return {serialPeak.load(), threadPeak.load()}; }

} // namespace quern::tests
