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
  return static_cast<float>(all[0]);
}

template <typename Element, int bytes> struct Wide {
  typedef Element Vector __attribute__((vector_size(bytes)));
};
using Vector16 = Wide<float, 64>::Vector;

template <typename Element> float spin16Bytes() {
  return spin<typename Wide<Element, 16>::Vector>();
}
#if defined(__x86_64__)
template <typename Element> [[gnu::target("avx2,fma")]] float spin32Bytes() {
  return spin<typename Wide<Element, 32>::Vector>();
}
template <typename Element>
[[gnu::target("avx512f,fma,prefer-vector-width=512")]] float spin64Bytes() {
  return spin<typename Wide<Element, 64>::Vector>();
}
#endif

struct Spinner {
  float (*run)();
  int lanes;
};

template <typename Element> Spinner widest() {
  constexpr int lanes = 16 / sizeof(Element);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {spin64Bytes<Element>, 4 * lanes};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {spin32Bytes<Element>, 2 * lanes};
#endif
  return {spin16Bytes<Element>, lanes};
}

/// More threads than processors reach no more than these.
unsigned busyAtOnce(unsigned threads) {
  return std::min(threads, std::max(1U, std::thread::hardware_concurrency()));
}

/// The sum of what the threads reach, each in the best of `runs` runs: what they reach at one
/// moment would be half of that wherever another program takes a processor for a while. `work` of a
/// run returns billions of whatever is counted.
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

double peakGflops(unsigned threads, int64_t elementBytes) {
  constexpr int runs = 40;
  Spinner spinner = elementBytes == 8 ? widest<double>() : widest<float>();
  return rateOf(busyAtOnce(threads), runs, [&](unsigned) {
    [[maybe_unused]] volatile float sink = spinner.run();
    return 2e-9 * chains * turns * spinner.lanes;
  });
}

double readGigabytes(unsigned threads, int64_t bytesEach) {
  // So many that all threads run undisturbed in some, even where the machine is busy.
  constexpr int runs = 200;
  threads = busyAtOnce(threads);
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
