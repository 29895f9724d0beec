// What compiled kernels import: a pool that spins for a while before it parks, as a model's runtime
// does, and memory that is kept between runs.
#include "bench/kernels/SpinPool.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using Task = int (*)(void *, int, uint8_t *);

struct Loop {
  Task task = nullptr;
  void *context = nullptr;
  uint8_t *closure = nullptr;
  int end = 0;
};

constexpr int spinsBeforeParking = 1 << 15;

int threadCount = 1;
Loop loop;
std::atomic<int> next{0};
std::atomic<int> finished{0};
std::atomic<uint64_t> generation{0};
std::atomic<int> parked{0};
std::mutex parking;
// Never destroyed: threads still wait on it when the program ends, and its destructor would wait
// for them.
std::condition_variable &wake() {
  static auto &condition = *new std::condition_variable;
  return condition;
}
thread_local bool inside = false;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void takeTasks() {
  for (int i = next.fetch_add(1); i < loop.end; i = next.fetch_add(1))
    loop.task(loop.context, i, loop.closure);
}

/// Blocks that kernels have given back, by size: a second run asks for the same ones, as it does of
/// a model's runtime, which holds its memory.
class KeptMemory {
public:
  static void *take(size_t size) {
    std::lock_guard lock(mutex);
    std::vector<char *> &blocks = kept()[size];
    char *block = nullptr;
    if (blocks.empty()) {
      block = static_cast<char *>(std::aligned_alloc(64, size + header));
      *reinterpret_cast<size_t *>(block) = size;
    } else {
      block = blocks.back();
      blocks.pop_back();
    }
    return block + header;
  }

  static void give(void *pointer) {
    std::lock_guard lock(mutex);
    char *block = static_cast<char *>(pointer) - header;
    kept()[*reinterpret_cast<size_t *>(block)].push_back(block);
  }

private:
  static constexpr size_t header = 64;
  static std::map<size_t, std::vector<char *>> &kept() {
    static auto &blocks = *new std::map<size_t, std::vector<char *>>;
    return blocks;
  }
  static inline std::mutex mutex;
};

void serve() {
  inside = true;
  uint64_t seen = 0;
  for (;;) {
    for (int spins = 0; generation.load(std::memory_order_acquire) == seen; ++spins) {
      relax();
      if (spins < spinsBeforeParking)
        continue;
      std::unique_lock lock(parking);
      ++parked;
      wake().wait(lock, [&] { return generation.load() != seen; });
      --parked;
    }
    ++seen;
    takeTasks();
    finished.fetch_add(1, std::memory_order_release);
  }
}

} // namespace

namespace quern::bench {

void startPool(int threads) {
  threadCount = threads;
  for (int i = 1; i < threads; ++i)
    std::thread(serve).detach();
}

} // namespace quern::bench

extern "C" {

int halide_do_par_for(void *context, Task task, int begin, int size, uint8_t *closure) {
  if (threadCount == 1 || inside || size <= 1) {
    for (int i = begin; i < begin + size; ++i)
      task(context, i, closure);
    return 0;
  }
  inside = true;
  loop = {task, context, closure, begin + size};
  next = begin;
  finished = 0;
  generation.fetch_add(1, std::memory_order_release);
  if (parked.load() > 0) {
    std::lock_guard lock(parking);
    wake().notify_all();
  }
  takeTasks();
  while (finished.load(std::memory_order_acquire) < threadCount - 1)
    relax();
  inside = false;
  return 0;
}

void *halide_malloc(void *, size_t size) { return KeptMemory::take((size + 127) / 64 * 64); }

void halide_free(void *, void *pointer) { KeptMemory::give(pointer); }

void halide_error(void *, const char *message) { std::fprintf(stderr, "%s\n", message); }
}
