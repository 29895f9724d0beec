#include "tools/quern/conv/PeakRate.h"

#include <algorithm>
#include <chrono>
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

} // namespace

double peakGflops(unsigned threads) {
  constexpr int runs = 40;
  Spinner spinner = widest();
  std::vector<double> best(threads, 0);
  auto work = [&](unsigned id) {
    volatile float sink = 0;
    for (int run = 0; run < runs; ++run) {
      auto start = std::chrono::steady_clock::now();
      sink = spinner.run();
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      double flops = 2.0 * chains * turns * spinner.lanes;
      best[id] = std::max(best[id], flops / took.count() * 1e-9);
    }
    (void)sink;
  };
  std::vector<std::thread> others;
  for (unsigned id = 1; id < threads; ++id)
    others.emplace_back(work, id);
  work(0);
  for (std::thread &other : others)
    other.join();
  double sum = 0;
  for (double rate : best)
    sum += rate;
  return sum;
}

} // namespace quern::tools
