#include "runtime/LevelDraw.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace quern::runtime {

namespace {

/// Numbers that are computed at a time: loops of so many become vectors.
constexpr uint64_t lanes = 8;

uint64_t lanesOf(uint64_t count) { return (count + lanes - 1) / lanes * lanes; }

/// exp(x) of a number that is not positive, within two units in the last place. Written out, as the
/// C library's would be called for each number, and gives other last bits elsewhere.
float expOf(float x) {
  constexpr float least = -87; // what is less is nothing
  constexpr float log2e = 1.44269504f, ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;
  float bounded = x > least ? x : least;
  auto power = static_cast<int32_t>(bounded * log2e - 0.5f);
  float rest = bounded - static_cast<float>(power) * ln2High - static_cast<float>(power) * ln2Low;
  // The Cephes library's polynomial for |rest| <= ln(2) / 2.
  float series = 1.9875691500e-4f;
  series = series * rest + 1.3981999507e-3f;
  series = series * rest + 8.3334519073e-3f;
  series = series * rest + 4.1665795894e-2f;
  series = series * rest + 1.6666665459e-1f;
  series = series * rest + 5.0000001201e-1f;
  series = (series * rest + 1) * rest + 1;
  float value = series * std::bit_cast<float>((power + 127) << 23);
  return x > least ? value : 0;
}

/// The largest of `count` numbers, which is a multiple of the lanes.
float largestOf(const float *numbers, uint64_t count) {
  float largest[lanes];
  std::copy_n(numbers, lanes, largest);
  for (uint64_t i = lanes; i < count; i += lanes)
    for (uint64_t lane = 0; lane < lanes; ++lane)
      largest[lane] = numbers[i + lane] > largest[lane] ? numbers[i + lane] : largest[lane];
  return *std::max_element(largest, largest + lanes);
}

double sumOfLanes(const float *numbers) {
  float sums[lanes / 2];
  for (uint64_t lane = 0; lane < lanes / 2; ++lane)
    sums[lane] = numbers[lane] + numbers[lane + lanes / 2];
  return static_cast<double>((sums[0] + sums[2]) + (sums[1] + sums[3]));
}

/// Logits become weights, the largest of them 1; behind them lie zeros, up to a whole of the lanes.
void weigh(float *logits, uint64_t count, double temperature) {
  uint64_t whole = lanesOf(count);
  std::fill(logits + count, logits + whole, -HUGE_VALF);
  float largest = largestOf(logits, whole);
  auto factor = static_cast<float>(std::min(1 / temperature, 1e30));
  for (uint64_t i = 0; i < whole; i += lanes)
    for (uint64_t lane = 0; lane < lanes; ++lane) {
      float logit = logits[i + lane], behind = (logit - largest) * factor;
      // 0 for the largest, even if it is infinite.
      logits[i + lane] = expOf(logit < largest ? behind : 0);
    }
}

/// One of `count` weights, in proportion to it.
uint64_t drawWeight(const float *weights, uint64_t count, Draws &random) {
  double sum = 0;
  for (uint64_t i = 0; i < count; i += lanes)
    sum += sumOfLanes(weights + i);
  double left = random.uniform() * sum;
  uint64_t i = 0;
  for (; i + lanes < count; i += lanes) {
    double behind = left - sumOfLanes(weights + i);
    if (behind < 0)
      break;
    left = behind;
  }
  for (; i < count; ++i)
    if ((left -= static_cast<double>(weights[i])) < 0)
      return i;
  // By rounding alone.
  return static_cast<uint64_t>(std::max_element(weights, weights + count) - weights);
}

/// How many of the weights, which fall, hold `topP` of their sum, and no longer count those behind.
uint64_t cutBehind(float *weights, uint64_t count, double topP) {
  double sum = 0, held = 0;
  for (uint64_t i = 0; i < count; ++i)
    sum += static_cast<double>(weights[i]);
  uint64_t kept = 0;
  while (kept < count && held < topP * sum)
    held += static_cast<double>(weights[kept++]);
  std::fill(weights + kept, weights + lanesOf(kept), 0.0f);
  return kept;
}

} // namespace

uint64_t DrawRoom::numbers(uint64_t levels) { return lanesOf(levels); }

uint64_t drawLevel(const Parameters &logits, uint64_t levels, double temperature, Draws &random,
                   DrawRoom room) {
  float *weights = room.weights;
  for (uint64_t i = 0; i < levels; ++i)
    weights[i] = logits.first[i * logits.stride];
  if (temperature == 0)
    return static_cast<uint64_t>(std::max_element(weights, weights + levels) - weights);
  weigh(weights, levels, temperature);
  return drawWeight(weights, levels, random);
}

uint64_t drawLikelyLevel(const Parameters &logits, uint64_t levels, const SampleChoice &choice,
                         Draws &random, DrawRoom room) {
  if (choice.temperature == 0 || (choice.topK == 0 && choice.topP >= 1))
    return drawLevel(logits, levels, choice.temperature, random, room);
  uint64_t count = choice.topK == 0 ? levels : std::min(choice.topK, levels);
  for (uint64_t i = 0; i < levels; ++i)
    room.ranks[i] = static_cast<uint32_t>(i);
  // A total order, so that ties leave the sort well defined.
  std::partial_sort(room.ranks, room.ranks + count, room.ranks + levels,
                    [&](uint32_t a, uint32_t b) {
                      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                    });
  for (uint64_t i = 0; i < count; ++i)
    room.weights[i] = logits.first[room.ranks[i] * logits.stride];
  weigh(room.weights, count, choice.temperature);
  if (choice.topP < 1)
    count = cutBehind(room.weights, count, choice.topP);
  return room.ranks[drawWeight(room.weights, count, random)];
}

} // namespace quern::runtime
