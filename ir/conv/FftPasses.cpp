#include "ir/conv/FftPasses.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace quern::ir {
namespace {

constexpr int64_t largestRealRadix = 16;
/// Of complex samples. Two passes are as fast as one of radix 14 to 16, whose straight-line code
/// takes two to three times as long to compile.
constexpr int64_t largestRadix = 13;

/// A long axis that begins with this radix, which leaves 16 frequencies, and ends with 16 has whole
/// vectors of any machine along both, where there are no channels to fill them.
constexpr int64_t longRealRadix = 30, longLastRadix = 16;
constexpr int64_t longAxis = 512;

/// The fewest radices up to `largestRadix` whose product is n, the largest of them the least.
std::vector<int64_t> complexRadices(int64_t n) {
  if (n == 1)
    return {};
  if (n <= largestRadix)
    return {n};
  std::vector<int64_t> best;
  for (int64_t r = 2; r <= largestRadix; ++r) {
    if (n % r != 0)
      continue;
    std::vector<int64_t> rest = complexRadices(n / r);
    if (n / r > 1 && rest.empty())
      continue;
    rest.insert(rest.begin(), r);
    auto rank = [](const std::vector<int64_t> &radices) {
      return std::pair(radices.size(), *std::ranges::max_element(radices));
    };
    if (best.empty() || rank(rest) < rank(best))
      best = rest;
  }
  return best;
}

/// Radices for real samples: the first one halves the frequencies, at the cost of radix / 2 + 1.
std::vector<int64_t> realRadices(int64_t n) {
  if (n > longAxis && n % (longRealRadix * longLastRadix) == 0) {
    std::vector<int64_t> radices = complexRadices(n / (longRealRadix * longLastRadix));
    // The largest first: so the halves of the axis that kernels transform are nearly equal.
    std::ranges::sort(radices, std::ranges::greater());
    radices.insert(radices.begin(), longRealRadix);
    radices.push_back(longLastRadix);
    if (radices.size() > 2)
      return radices;
  }
  std::vector<int64_t> best;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t r = std::min(n, largestRealRadix); r >= 1; --r) {
    if (n % r != 0 || (r == 1 && n > 1))
      continue;
    std::vector<int64_t> radices = complexRadices(n / r);
    if (n / r > 1 && radices.empty())
      continue;
    int64_t kept = (r / 2 + 1) * (n / r), needed = n / 2 + 1;
    double stored = static_cast<double>(kept) / static_cast<double>(needed);
    double cost = stored + 0.15 * static_cast<double>(radices.size());
    if (cost < least) {
      least = cost;
      radices.insert(radices.begin(), r);
      best = radices;
    }
  }
  return best;
}

/// Appends the passes of one axis.
void addPasses(std::vector<FftPass> &passes, int axis, int64_t size,
               const std::vector<int64_t> &radices) {
  int64_t before = 1, stride = size;
  for (int64_t radix : radices) {
    stride /= radix;
    bool isReal = passes.empty();
    passes.push_back({.axis = axis,
                      .radix = radix,
                      .stored = isReal ? radix / 2 + 1 : radix,
                      .stride = stride,
                      .before = before});
    before *= radix;
  }
}

} // namespace

bool isFftSize(int64_t size) {
  // It has radices if it has no prime factor above the largest radix: asked of many sizes in turn.
  for (int64_t factor = 2; factor <= largestRadix; ++factor)
    while (size > 1 && size % factor == 0)
      size /= factor;
  return size == 1;
}

std::vector<FftPass> fftPasses(const std::vector<int64_t> &sizes) {
  std::vector<FftPass> passes;
  addPasses(passes, 0, sizes[0], realRadices(sizes[0]));
  for (size_t axis = 1; axis < sizes.size(); ++axis)
    addPasses(passes, static_cast<int>(axis), sizes[axis],
              sizes[axis] == 1 ? std::vector<int64_t>{1} : complexRadices(sizes[axis]));
  return passes;
}

std::vector<StoredFrequency> storedFrequencies(const std::vector<int64_t> &sizes) {
  std::vector<FftPass> passes = fftPasses(sizes);
  int64_t count = 1, half = sizes[0] / 2 + 1;
  for (const FftPass &pass : passes)
    count *= pass.stored;
  std::vector<StoredFrequency> order;
  for (int64_t stored = 0; stored < count; ++stored) {
    std::vector<int64_t> k(sizes.size());
    int64_t rest = stored;
    for (size_t p = passes.size(); p-- > 0;) {
      k[static_cast<size_t>(passes[p].axis)] += rest % passes[p].stored * passes[p].before;
      rest /= passes[p].stored;
    }
    bool isMirrored = k[0] >= half;
    int64_t index = 0;
    for (size_t axis = sizes.size(); axis-- > 0;) {
      int64_t value = isMirrored ? (sizes[axis] - k[axis]) % sizes[axis] : k[axis];
      index = index * (axis == 0 ? half : sizes[axis]) + value;
    }
    order.push_back({index, isMirrored});
  }
  return order;
}

} // namespace quern::ir
