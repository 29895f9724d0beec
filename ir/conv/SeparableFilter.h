// Filters of two axes that are products of one of either: w[o, i, y, x] = rest[o, i, y] shared[i,
// x], where all filters that read an input channel share one factor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace quern::ir {

/// A filter [outputs][inputs of a group][height][width], row-major, of a convolution with groups.
struct SeparableShape {
  int64_t groups = 1, outputs = 1, inputs = 1;
  int64_t height = 1, width = 1;
  bool sharesRows = true;    ///< the shared factor runs along x; else along y
  double roundoff = 0x1p-24; ///< of what the filter is stored in

  int64_t sharedTaps() const { return sharesRows ? width : height; }
  int64_t restTaps() const { return sharesRows ? height : width; }
  /// Which input channel of all groups the filter (output, input of the group) reads.
  int64_t channel(int64_t output, int64_t input) const {
    return output / (outputs / groups) * inputs + input;
  }
  /// Where the tap (rest, shared) lies within a filter.
  int64_t tapAt(int64_t rest, int64_t shared) const {
    return sharesRows ? rest * width + shared : shared * width + rest;
  }

  /// What factors may miss of the filter, of the sum of an output's absolute weights: some
  /// roundings of what they are kept in, f32 at least, so that nothing is taken for separable that
  /// is not; and the one that each weight was stored with in 16 bits.
  double tolerance() const;
  /// A number of a factor as it is kept.
  double kept(double value) const;
};

struct SeparableFactors {
  std::vector<double> rest;   ///< [outputs][inputs][restTaps]
  std::vector<double> shared; ///< [groups * inputs][sharedTaps], the largest tap of each 1 or -1
};

/// The best such factors of any filter, to first order: exact where there are exact ones.
SeparableFactors separate(const SeparableShape &shape, std::span<const double> filter);

/// How far the product of the factors, as they are kept, is from the filter: the largest over
/// outputs of the sum of absolute differences over the sum of absolute weights.
double separationError(const SeparableShape &shape, std::span<const double> filter,
                       const SeparableFactors &factors);

} // namespace quern::ir
