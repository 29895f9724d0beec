// Tensors of ranges (Range::packed), element by element.
#pragma once

#include "passes/causal/Ranges.h"
#include "passes/causal/RankTensor.h"

#include <optional>

namespace quern::passes {

/// `f` of each element that is stored.
template <typename F> RankTensor mapped(RankTensor tensor, F f) {
  for (int32_t &element : tensor.data())
    element = f(element);
  return tensor;
}

/// f(range) of each, which neighbours often share.
template <typename F> RankTensor mappedRanges(RankTensor ranges, F f) {
  int32_t last = -1, result = 0;
  return mapped(std::move(ranges), [&](int32_t packed) {
    if (packed != last)
      std::tie(last, result) = std::pair(packed, static_cast<int32_t>(f(Range::unpacked(packed))));
    return result;
  });
}

/// 0 where `f` holds and 1 elsewhere; nothing where it never does.
template <typename F> std::optional<RankTensor> exceptWhere(std::optional<RankTensor> ranges, F f) {
  if (!ranges)
    return std::nullopt;
  ranges = mappedRanges(std::move(*ranges), [&](Range range) { return !f(range); });
  if (ranges->isAll(1))
    return std::nullopt;
  return ranges;
}

bool isAllOrdinary(const RankTensor &ranges);

/// A bound as a number of at least zero, of which the largest is the largest bound or, of its
/// opposite, the least.
enum class Bound { low, high, oppositeLow, oppositeHigh };
inline constexpr int32_t zeroBound = 1 << 14;

RankTensor boundsOf(const RankTensor &ranges, Bound bound);

} // namespace quern::passes
