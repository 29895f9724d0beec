// Filters of two axes whose lines along one are sums of few lines: w[o, i, y, x] = sum over r of
// rest[o, r, y] lines[r, i, x], a convolution along x from the inputs to some channels, and one
// along y from these to the outputs; or the other way round. Where groups have one input each,
// every output has lines of its own: the outputs are groups.
#pragma once

#include "ir/conv/SeparableFilter.h"

namespace quern::ir {

/// With every output a group, where groups have one input each.
SeparableShape withOwnLines(const SeparableShape &shape);

/// Of a filter withOwnLines.
struct LowRankFactors {
  int64_t rank = 0;          ///< lines of each group
  std::vector<double> rest;  ///< [outputs][rank][restTaps]
  std::vector<double> lines; ///< [groups][rank][inputs][sharedTaps]

  /// The same with zeros for further lines.
  LowRankFactors widenedTo(int64_t wanted, const SeparableShape &shape) const;
};

/// Lines of the filter's own, of each group `most` at most, of which all others are combinations
/// that miss at most `tolerance` of the sum of an output's absolute weights; the best of so many
/// where none are.
LowRankFactors factorise(const SeparableShape &given, std::span<const double> filter, int64_t most,
                         double tolerance);

/// Whether a sample of its entries shows that a group has more than so many independent lines:
/// quickly, in the cube of `most`. It may miss that some have, and never says so where none has.
bool clearlyExceedsRank(const SeparableShape &given, std::span<const double> filter, int64_t most);

/// What factors, as they are kept, do to an output, the largest of all, relative to the sum of
/// its absolute weights.
struct LowRankError {
  double missed = 0; ///< as separationError
  double growth = 0; ///< the sum of absolute products of the factors
};
LowRankError lowRankError(const SeparableShape &given, std::span<const double> filter,
                          const LowRankFactors &factors);

/// Numbers [outputs][inner][taps] as they lie in memory: outputs in blocks, as vectors want
/// them,
/// [ceil(outputs / block)][taps][inner][block] with zeros behind the last.
struct OutputBlocks {
  static constexpr int64_t block = 16;
  int64_t outputs, inner, taps;

  int64_t blocks() const { return (outputs + block - 1) / block; }
  int64_t size() const { return blocks() * taps * inner * block; }
  std::vector<double> store(std::span<const double> values) const;
};

/// How the factors of a filter lie in memory: the rest, and behind it the lines. Of lines of
/// outputs' own, a vector holds the same one of many outputs.
struct LowRankBlocks {
  OutputBlocks rest, lines;

  LowRankBlocks(const SeparableShape &given, int64_t rank);
  int64_t size() const { return rest.size() + lines.size(); }
  std::vector<double> store(const LowRankFactors &factors) const;
};

} // namespace quern::ir
