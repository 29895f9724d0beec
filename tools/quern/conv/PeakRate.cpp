#include "tools/quern/conv/PeakRate.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

namespace quern::tools {
namespace {

constexpr int turns = 1 << 16;
constexpr int chains = 12; // enough to hide the latency of two units

/// Independent chains of multiply-adds over vectors; returns something of their sums, so that they
/// are not removed. Named one by one: an array of vectors would live in memory.
template <typename Vector> [[gnu::always_inline]] inline float spin() {
  volatile float start = 1; // what is known would be computed ahead
  Vector first = Vector{} + start;
  Vector a = first, b = first * 2, c = first * 3, d = first * 4, e = first * 5, f = first * 6,
         g = first * 7, h = first * 8, i = first * 9, j = first * 10, k = first * 11,
         l = first * 12;
  Vector factor = Vector{} + 0.999F, term = Vector{} + 0.001F;
  for (int turn = 0; turn < turns; ++turn) {
    a = a * factor + term, b = b * factor + term, c = c * factor + term;
    d = d * factor + term, e = e * factor + term, f = f * factor + term;
    g = g * factor + term, h = h * factor + term, i = i * factor + term;
    j = j * factor + term, k = k * factor + term, l = l * factor + term;
  }
  Vector all = a + b + c + d + e + f + g + h + i + j + k + l;
  return all[0];
}

typedef float Vector4 __attribute__((vector_size(16)));
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

float spin4() { return spin<Vector4>(); }
#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] float spin8() { return spin<Vector8>(); }
[[gnu::target("avx512f,fma,prefer-vector-width=512")]] float spin16() { return spin<Vector16>(); }
#endif

struct Spinner {
  float (*run)();
  int lanes;
};

Spinner widest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {spin16, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {spin8, 8};
#endif
  return {spin4, 4};
}

/// The sum of what the threads reach, each in the best of `runs` runs; `work` of a run returns
/// billions of whatever is counted.
template <typename Work> double rateOf(unsigned threads, int runs, Work work) {
  std::vector<double> best(threads, 0);
  auto repeat = [&](unsigned id) {
    for (int run = 0; run < runs; ++run) {
      auto start = std::chrono::steady_clock::now();
      double done = work(id);
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      best[id] = std::max(best[id], done / took.count());
    }
  };
  std::vector<std::thread> others;
  for (unsigned id = 1; id < threads; ++id)
    others.emplace_back(repeat, id);
  repeat(0);
  for (std::thread &other : others)
    other.join();
  return std::accumulate(best.begin(), best.end(), 0.0);
}

} // namespace

double peakGflops(unsigned threads) {
  constexpr int runs = 40;
  Spinner spinner = widest();
  return rateOf(threads, runs, [&](unsigned) {
    [[maybe_unused]] volatile float sink = spinner.run();
    return 2e-9 * chains * turns * spinner.lanes;
  });
}

double readGigabytes(unsigned threads, int64_t bytesEach) {
  constexpr int runs = 20;
  auto count = static_cast<size_t>(bytesEach) / sizeof(Vector16);
  std::vector<std::vector<Vector16>> buffers(threads, std::vector<Vector16>(count));
  return rateOf(threads, runs, [&](unsigned id) {
    Vector16 sum{};
    for (const Vector16 &values : buffers[id])
      sum += values;
    [[maybe_unused]] volatile float sink = sum[0];
    return 1e-9 * static_cast<double>(count * sizeof(Vector16));
  });
}

} // namespace quern::tools
