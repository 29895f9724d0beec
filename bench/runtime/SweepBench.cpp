// What a core reads in a second of weights that it reads again and again, as the steps of a
// sequence do: by how many there are, on small and on huge pages.
#include "runtime/Arena.h"

#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstring>

namespace quern::runtime {
namespace {

/// Sums that do not wait for each other: as many as hide the latency of an addition.
constexpr int64_t sums = 128;

void sweep(benchmark::State &state) {
  int64_t count = (state.range(0) << 10) / static_cast<int64_t>(sizeof(float)) / sums * sums;
  Arena arena;
  if (!arena.reserve(static_cast<uint64_t>(count) * sizeof(float))) {
    state.SkipWithError("no memory");
    return;
  }
  if (state.range(1) == 0)
    madvise(arena.base, arena.size, MADV_NOHUGEPAGE);
  std::memset(arena.base, 0, arena.size);
  const auto *weights = reinterpret_cast<const float *>(arena.base);
  for (auto _ : state) {
    float sum[sums] = {};
    for (int64_t i = 0; i < count; i += sums)
      for (int64_t lane = 0; lane < sums; ++lane)
        sum[lane] += weights[i + lane];
    benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(state.iterations() * count * static_cast<int64_t>(sizeof(float)));
  arena.release();
}
BENCHMARK(sweep)->ArgsProduct({{1024, 2048, 4096, 8192, 32768}, {0, 1}})->ArgNames({"KiB", "huge"});

} // namespace
} // namespace quern::runtime
