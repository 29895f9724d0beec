#include "runtime/ThreadPool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

namespace quern::tests {
namespace {

using runtime::ThreadPool;

/// A pool with its workers' storage, stopped at the end.
struct Running {
  explicit Running(uint32_t threads) : workers(threads) {
    EXPECT_EQ(pool.start(threads, workers.data(), error), QUERN_OK) << error.text;
  }
  ~Running() { pool.stop(); }
  runtime::Error error{};
  std::vector<pthread_t> workers;
  ThreadPool pool;
};

/// What tasks do with their index.
struct Work {
  std::vector<std::atomic<int>> counts;
  ThreadPool *pool;
  std::atomic<int> wrongSlots{0};
  int nested = 0;
  explicit Work(size_t size) : counts(size) {}

  static int task(void *context, int index, uint8_t *closure) {
    auto *work = reinterpret_cast<Work *>(closure);
    EXPECT_EQ(context, work);
    int slot = work->pool->slot();
    if (slot < 0 || slot >= static_cast<int>(work->pool->threads()))
      ++work->wrongSlots;
    if (work->nested == 0) {
      ++work->counts[static_cast<size_t>(index - 5)];
      return 0;
    }
    // Index i does the tasks of its own share, which run on this very thread.
    struct Inner {
      Work *work;
      int base;
      std::thread::id thread;
    } inner{work, (index - 5) * work->nested, std::this_thread::get_id()};
    return work->pool->run(
        work,
        [](void *, int i, uint8_t *innerClosure) {
          auto *in = reinterpret_cast<Inner *>(innerClosure);
          EXPECT_EQ(in->thread, std::this_thread::get_id());
          ++in->work->counts[static_cast<size_t>(in->base + i)];
          return 0;
        },
        0, work->nested, reinterpret_cast<uint8_t *>(&inner));
  }

  int run(ThreadPool &on, int size) {
    pool = &on;
    return on.run(this, task, 5, size, reinterpret_cast<uint8_t *>(this));
  }
};

class ThreadPoolTest : public testing::TestWithParam<uint32_t> {};

TEST_P(ThreadPoolTest, DoesEachTaskOnce) {
  Running running(GetParam());
  for (int size : {0, 1, 2, 3, 7, 100, 1000})
    for (int repeat = 0; repeat < 50; ++repeat) {
      Work work(static_cast<size_t>(size));
      EXPECT_EQ(work.run(running.pool, size), 0);
      for (auto &count : work.counts)
        ASSERT_EQ(count, 1);
      EXPECT_EQ(work.wrongSlots, 0);
    }
  EXPECT_EQ(running.pool.slot(), -1);
}

TEST_P(ThreadPoolTest, NestedLoopsRunSerially) {
  Running running(GetParam());
  for (int repeat = 0; repeat < 50; ++repeat) {
    Work work(20 * 30);
    work.nested = 30;
    EXPECT_EQ(work.run(running.pool, 20), 0);
    for (auto &count : work.counts)
      ASSERT_EQ(count, 1);
  }
}

TEST_P(ThreadPoolTest, WakesWorkersThatSleep) {
  Running running(GetParam());
  for (int repeat = 0; repeat < 20; ++repeat) {
    // Longer than workers spin.
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    Work work(64);
    EXPECT_EQ(work.run(running.pool, 64), 0);
    for (auto &count : work.counts)
      ASSERT_EQ(count, 1);
  }
}

TEST_P(ThreadPoolTest, PassesOnAFailure) {
  Running running(GetParam());
  auto task = [](void *, int index, uint8_t *) { return index == 7 ? -3 : 0; };
  EXPECT_EQ(running.pool.run(nullptr, task, 0, 20, nullptr), -3);
  EXPECT_EQ(running.pool.run(nullptr, task, 0, 5, nullptr), 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1u, 2u, 3u, 4u, 16u));

TEST(ThreadPool, SeveralPoolsAtOnce) {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      Running running(3);
      for (int repeat = 0; repeat < 300; ++repeat) {
        Work work(40);
        wrong += work.run(running.pool, 40);
        for (auto &count : work.counts)
          wrong += count != 1;
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, UsesSeveralThreads) {
  Running running(2);
  // Each of two tasks waits for the other to begin; alone, a thread would wait in vain.
  std::atomic<int> begun{0};
  auto task = [](void *, int, uint8_t *closure) {
    auto &count = *reinterpret_cast<std::atomic<int> *>(closure);
    ++count;
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (count < 2 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    return count < 2 ? -1 : 0;
  };
  EXPECT_EQ(running.pool.run(nullptr, task, 0, 2, reinterpret_cast<uint8_t *>(&begun)), 0);
}

} // namespace
} // namespace quern::tests
