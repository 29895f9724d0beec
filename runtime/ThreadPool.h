// Parallel loops over a context's threads.
#pragma once

#include "runtime/Errors.h"
#include "runtime/HalideAbi.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace quern::runtime {

/// Workers spin for a while after a loop, then sleep. Each thread begins with a share of the tasks
/// that is its own, the same part of every loop, so that it finds in its cache what it wrote in the
/// loop before; then it helps with the shares of others, one task after the other, since virtual
/// processors lose time slices and a fixed share would make everybody wait for the unlucky one. A
/// worker that is late finds the loop closed; nobody waits for it. One caller at a time.
class ThreadPool {
public:
  /// No worker runs yet; the pool has one thread, its caller.
  ThreadPool() = default;
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Starts threads - 1 workers; `workers` has room for as many. On failure those that had started
  /// are stopped.
  quern_status start(uint32_t threads, pthread_t *workers, Error &error);
  /// Uses the caller's threads instead: at most `threads` bodies at once.
  void useCaller(uint32_t threads, quern_parallel_for parallelFor, void *user);
  /// Ends the workers.
  void stop();

  uint32_t threads() const { return threadCount; }

  /// Calls task(userContext, i, closure) once for each i in [min, min + size) and returns when all
  /// have returned: 0, or one of the other codes that were returned. Within a task it runs
  /// serially.
  int run(void *userContext, abi::Task task, int min, int size, uint8_t *closure);

  /// Which of its threads, 0 … threads() - 1, the calling one is while it runs a task of this pool,
  /// else -1. No two tasks run at once with the same number.
  int slot() const;

private:
  /// A loop in progress. Written by the caller before the loop opens, read by workers after they
  /// have entered it.
  struct Loop {
    void *userContext;
    abi::Task task;
    int min;
    int64_t size;
    uint8_t *closure;
  };

  /// Tasks of the loop that one thread begins with.
  struct alignas(128) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };
  /// More threads than this begin with the same ones.
  static constexpr uint32_t mostShares = 16;

  static void *workerMain(void *argument);
  static void callerBody(void *state, int index);
  void dealTasks(int64_t size);
  void work(int slot);
  void workUntilStopped(int slot);
  bool enter();
  void leave();
  void awaitChange(uint32_t seen);
  void wake();
  int runSerially(void *userContext, abi::Task task, int min, int size, uint8_t *closure);

  // What changes during a loop lies apart from what does not, and from each other.
  alignas(128) Loop loop{};
  uint32_t shareCount = 1;
  Share shares[mostShares];
  alignas(128) std::atomic<int> failure{0};
  /// `open` and how many workers are inside.
  alignas(128) std::atomic<uint32_t> gate{0};
  /// Counts loops; sleeping workers wait on it.
  alignas(128) std::atomic<uint32_t> generation{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stopping{false};

  alignas(128) uint32_t threadCount = 1;
  uint32_t workerCount = 0;
  std::atomic<int> nextSlot{1};
  bool spins = true;
  pthread_t *workers = nullptr;
  quern_parallel_for parallelFor = nullptr;
  void *parallelForUser = nullptr;
};

} // namespace quern::runtime
