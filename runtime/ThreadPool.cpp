#include "runtime/ThreadPool.h"

#include "runtime/Processor.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>

namespace quern::runtime {

namespace {

constexpr uint32_t gateOpen = 1u << 31;
// Longer than the serial parts between two loops of a model, short against a person's or a
// scheduler's patience.
constexpr int64_t spinNanoseconds = 1'000'000;
// Between two looks at the clock: some microseconds on any processor.
constexpr int pausesPerRound = 64;
// From here on a spinning thread offers its processor to others at every round.
constexpr int politeRounds = 16;

/// What the calling thread does now. Not in the static part of thread storage, of which a program
/// that loads several models would run out; creating a context touches the dynamic part, so that
/// running does not allocate it.
struct Current {
  const ThreadPool *pool;
  int slot;
};
thread_local Current current{nullptr, -1};

/// Marks the calling thread as slot `slot` of `pool` for a while. To find thread storage takes a
/// call, so it is found once.
class Occupy {
public:
  Occupy(const ThreadPool *pool, int slot) : here(current), before(here) { here = {pool, slot}; }
  Occupy(const Occupy &) = delete;
  Occupy &operator=(const Occupy &) = delete;
  ~Occupy() { here = before; }

private:
  Current &here;
  Current before;
};

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

long futex(std::atomic<uint32_t> &word, int operation, uint32_t value) {
  static_assert(sizeof(word) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

} // namespace

quern_status ThreadPool::start(uint32_t threads, pthread_t *storage, Error &error) {
  workers = storage;
  threadCount = threads;
  // With more threads than processors a spinning one keeps a working one from its place.
  spins = threads <= availableProcessors();
  // The application's signal handlers shall not run on our threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = 0;
  while (workerCount + 1 < threads && failed == 0) {
    failed = pthread_create(&workers[workerCount], nullptr, workerMain, this);
    workerCount += failed == 0 ? 1 : 0;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed == 0)
    return QUERN_OK;
  uint32_t started = workerCount;
  stop();
  return error.set(QUERN_THREADS_FAILED, "cannot start thread %u of %u: %s", started + 2, threads,
                   std::strerror(failed));
}

void ThreadPool::useCaller(uint32_t threads, quern_parallel_for function, void *user) {
  threadCount = threads;
  parallelFor = function;
  parallelForUser = user;
}

void ThreadPool::stop() {
  stopping.store(true);
  wake();
  for (uint32_t i = 0; i < workerCount; ++i)
    pthread_join(workers[i], nullptr);
  workerCount = 0;
  threadCount = 1;
}

int ThreadPool::slot() const { return current.pool == this ? current.slot : -1; }

int ThreadPool::run(void *userContext, abi::Task task, int min, int size, uint8_t *closure) {
  if (threadCount == 1 || size <= 1 || slot() >= 0)
    return runSerially(userContext, task, min, size, closure);
  loop = {userContext, task, min, size, closure};
  dealTasks(size);
  failure.store(0, std::memory_order_relaxed);
  if (parallelFor)
    parallelFor(parallelForUser, static_cast<int>(threadCount), callerBody, this);
  if (parallelFor || workerCount == 0) {
    // Whatever a careless caller has left undone.
    work(0);
    return failure.load(std::memory_order_relaxed);
  }
  gate.store(gateOpen, std::memory_order_release);
  wake();
  work(0);
  gate.fetch_and(~gateOpen, std::memory_order_acq_rel);
  // No task is left to take; wait for those that others are in.
  for (int round = 0; gate.load(std::memory_order_acquire) != 0; ++round) {
    if (round > politeRounds * pausesPerRound)
      sched_yield();
    else
      pause();
  }
  return failure.load(std::memory_order_relaxed);
}

int ThreadPool::runSerially(void *userContext, abi::Task task, int min, int size,
                            uint8_t *closure) {
  int own = slot();
  Occupy occupied(this, own >= 0 ? own : 0);
  for (int i = 0; i < size; ++i)
    if (int code = task(userContext, min + i, closure))
      return code;
  return 0;
}

void ThreadPool::dealTasks(int64_t size) {
  shareCount = threadCount < mostShares ? threadCount : mostShares;
  for (uint32_t i = 0; i < shareCount; ++i) {
    shares[i].next.store(size * i / shareCount, std::memory_order_relaxed);
    shares[i].end = size * (i + 1) / shareCount;
  }
}

void ThreadPool::work(int slot) {
  Occupy occupied(this, slot);
  for (uint32_t i = 0; i < shareCount; ++i) {
    Share &share = shares[(static_cast<uint32_t>(slot) + i) % shareCount];
    while (share.next.load(std::memory_order_relaxed) < share.end) {
      int64_t index = share.next.fetch_add(1, std::memory_order_relaxed);
      if (index >= share.end)
        break;
      int code = loop.task(loop.userContext, loop.min + static_cast<int>(index), loop.closure);
      if (code != 0)
        failure.store(code, std::memory_order_relaxed);
    }
  }
}

void ThreadPool::callerBody(void *state, int index) {
  static_cast<ThreadPool *>(state)->work(index);
}

void *ThreadPool::workerMain(void *argument) {
  auto *pool = static_cast<ThreadPool *>(argument);
  pool->workUntilStopped(pool->nextSlot.fetch_add(1, std::memory_order_relaxed));
  return nullptr;
}

void ThreadPool::workUntilStopped(int slot) {
  uint32_t seen = 0;
  while (!stopping.load(std::memory_order_acquire)) {
    awaitChange(seen);
    seen = generation.load(std::memory_order_acquire);
    if (enter()) {
      work(slot);
      leave();
    }
  }
}

/// True when a loop is open; it then stays until leave. It may be a later one than the one that
/// woke us.
bool ThreadPool::enter() {
  uint32_t state = gate.load(std::memory_order_relaxed);
  while (state & gateOpen)
    if (gate.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel,
                                   std::memory_order_relaxed))
      return true;
  return false;
}

void ThreadPool::leave() { gate.fetch_sub(1, std::memory_order_release); }

void ThreadPool::awaitChange(uint32_t seen) {
  auto changed = [&] { return generation.load(std::memory_order_acquire) != seen; };
  if (spins) {
    int64_t start = now();
    for (int round = 0; now() - start < spinNanoseconds; ++round) {
      for (int i = 0; i < pausesPerRound; ++i) {
        if (changed())
          return;
        pause();
      }
      if (round > politeRounds)
        sched_yield();
    }
  }
  // Sequentially consistent with wake(): either we see the new generation here, or it sees us.
  sleepers.fetch_add(1);
  while (generation.load() == seen)
    futex(generation, FUTEX_WAIT, seen);
  sleepers.fetch_sub(1);
}

void ThreadPool::wake() {
  generation.fetch_add(1);
  if (sleepers.load() != 0)
    futex(generation, FUTEX_WAKE, INT_MAX);
}

} // namespace quern::runtime
