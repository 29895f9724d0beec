// What the runtime costs beside kernels: parallel loops of tasks that do nothing, and the drawing
// of elements.
#include "runtime/Distribution.h"
#include "runtime/ThreadPool.h"

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

namespace quern::runtime {
namespace {

int doNothing(void * /*context*/, int /*task*/, uint8_t * /*closure*/) { return 0; }

/// A loop of `range(1)` empty tasks on `range(0)` threads, one loop right after the other as in a
/// model.
void parallelLoop(benchmark::State &state) {
  auto threads = static_cast<uint32_t>(state.range(0));
  std::vector<pthread_t> workers(threads);
  Error error;
  ThreadPool pool;
  if (pool.start(threads, workers.data(), error) != QUERN_OK) {
    state.SkipWithError("cannot start the threads");
    return;
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(
        pool.run(nullptr, doNothing, 0, static_cast<int>(state.range(1)), nullptr));
  pool.stop();
}
BENCHMARK(parallelLoop)
    ->ArgsProduct({{1, 2}, {2, 16}})
    ->ArgNames({"threads", "tasks"})
    ->UseRealTime();

/// One element of `range(0)` levels, of all (`range(1)` = 0) or of the most likely `range(1)`.
void drawLevel(benchmark::State &state) {
  SequenceEntry order{};
  order.distribution = DistributionKind::categorical;
  order.levels = order.parameters = static_cast<uint64_t>(state.range(0));
  order.parameterStride = 1;
  std::vector<float> logits;
  logits.reserve(order.levels);
  for (int64_t level = 0; level < state.range(0); ++level)
    logits.push_back(static_cast<float>(3 * std::sin(static_cast<double>(level))));
  std::vector<uint32_t> ranks(roomOf(order));
  std::vector<float> weights(roomOf(order));
  SampleChoice choice{.temperature = 1, .topK = static_cast<uint64_t>(state.range(1)), .topP = 1};
  uint64_t position = 0;
  double drawn = 0;
  for (auto _ : state) {
    draw(order, choice, logits.data(), Draws(1, position++, 0), {ranks.data(), weights.data()},
         &drawn);
    benchmark::DoNotOptimize(drawn);
  }
}
BENCHMARK(drawLevel)->ArgsProduct({{2, 256}, {0, 40}})->ArgNames({"levels", "top_k"});

} // namespace
} // namespace quern::runtime

BENCHMARK_MAIN();
