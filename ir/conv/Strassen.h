// Products of 2 x 2 blocks of matrices by seven multiplications instead of eight, level below level
// (Strassen, Gaussian elimination is not optimal, 1969), and Winograd's variant, which adds less
// where sums of sums are kept.
#pragma once

#include "ir/conv/ConvAxis.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::ir {

enum class BlockProduct { strassen, winograd };

inline constexpr size_t blocksOfMatrix = 4; ///< row by row
inline constexpr size_t blockProducts = 7;

/// The factors that come of the blocks of A, for C = A B. `V` needs + and - only: numbers, matrices
/// and expressions of a code generator all will do.
template <typename V>
std::array<V, blockProducts> leftFactors(BlockProduct form, std::span<const V, blocksOfMatrix> a) {
  if (form == BlockProduct::strassen)
    return {V(a[0] + a[3]), V(a[2] + a[3]), a[0],          a[3],
            V(a[0] + a[1]), V(a[2] - a[0]), V(a[1] - a[3])};
  V s1 = a[2] + a[3], s2 = s1 - a[0];
  return {a[0], a[1], V(a[1] - s2), a[3], s1, s2, V(a[0] - a[2])};
}

/// The factors that come of the blocks of B.
template <typename V>
std::array<V, blockProducts> rightFactors(BlockProduct form, std::span<const V, blocksOfMatrix> b) {
  if (form == BlockProduct::strassen)
    return {V(b[0] + b[3]), b[0],           V(b[1] - b[3]), V(b[2] - b[0]),
            b[3],           V(b[0] + b[1]), V(b[2] + b[3])};
  V t1 = b[1] - b[0], t2 = b[3] - t1;
  return {b[0], b[2], b[3], V(t2 - b[2]), t1, t2, V(b[3] - b[1])};
}

/// The blocks of C out of the seven products.
template <typename V>
std::array<V, blocksOfMatrix> blocksOf(BlockProduct form, std::span<const V, blockProducts> p) {
  if (form == BlockProduct::strassen) {
    V both = p[0] + p[3], minus = both - p[4], difference = p[0] - p[1], plus = difference + p[2];
    return {V(minus + p[6]), V(p[2] + p[4]), V(p[1] + p[3]), V(plus + p[5])};
  }
  V u2 = p[0] + p[5], u3 = u2 + p[6], u4 = u2 + p[4];
  return {V(p[0] + p[1]), V(u4 + p[2]), V(u3 - p[3]), V(u3 + p[4])};
}

/// The place of the block at (row, column) among those of a matrix that is cut 2^levels times along
/// both sides: the digits of both numbers interleaved, outermost level first.
int64_t blockIndex(int64_t levels, int64_t row, int64_t column);

namespace detail {

/// `step` takes `from` values to `to` values; here at each of `levels` levels in turn.
template <size_t from, size_t to, typename V, typename Step>
std::vector<V> atEachLevel(int64_t levels, std::vector<V> values, Step step) {
  size_t inner = values.size();
  for (int64_t level = 0; level < levels; ++level) {
    inner /= from;
    size_t outer = values.size() / (from * inner);
    std::vector<V> next(outer * to * inner);
    for (size_t o = 0; o < outer; ++o)
      for (size_t i = 0; i < inner; ++i) {
        std::array<V, from> in;
        for (size_t k = 0; k < from; ++k)
          in[k] = values[(o * from + k) * inner + i];
        std::array<V, to> out = step(std::span<const V, from>(in));
        for (size_t k = 0; k < to; ++k)
          next[(o * to + k) * inner + i] = out[k];
      }
    values = std::move(next);
  }
  return values;
}

} // namespace detail

/// All 7^levels factors of the 4^levels blocks of A, these by blockIndex.
template <typename V>
std::vector<V> leftFactors(BlockProduct form, int64_t levels, std::vector<V> blocks) {
  return detail::atEachLevel<blocksOfMatrix, blockProducts>(
      levels, std::move(blocks), [&](auto a) { return leftFactors<V>(form, a); });
}

template <typename V>
std::vector<V> rightFactors(BlockProduct form, int64_t levels, std::vector<V> blocks) {
  return detail::atEachLevel<blocksOfMatrix, blockProducts>(
      levels, std::move(blocks), [&](auto b) { return rightFactors<V>(form, b); });
}

/// The 4^levels blocks of C out of the 7^levels products.
template <typename V>
std::vector<V> blocksOf(BlockProduct form, int64_t levels, std::vector<V> products) {
  return detail::atEachLevel<blockProducts, blocksOfMatrix>(
      levels, std::move(products), [&](auto p) { return blocksOf<V>(form, p); });
}

/// 2^levels, 4^levels or 7^levels.
constexpr int64_t power(int64_t base, int64_t levels) {
  int64_t result = 1;
  for (int64_t level = 0; level < levels; ++level)
    result *= base;
  return result;
}

/// How a filter of [outputs][inputs][taps] is cut into the blocks of B.
struct StrassenFilter {
  BlockProduct form = BlockProduct::strassen;
  int64_t levels = 1;
  int64_t outputs = 1, inputs = 1, taps = 1;

  int64_t products() const { return power(7, levels); }
  int64_t blockInputs() const;  ///< ceil(inputs / 2^levels)
  int64_t blockOutputs() const; ///< ceil(outputs / 2^levels), rounded up to whole vectors of 16
};

/// The row-major [products][blockOutputs][blockInputs][taps] of the row-major
/// [outputs][inputs][taps], zeros beyond its ends.
std::vector<double> strassenFilter(const StrassenFilter &shape, std::span<const double> filter);

/// A bound that always holds for sums of `depth` products by blocks (depth: of the products of the
/// innermost blocks), in an arithmetic of unit roundoff `u`, with the factors of B rounded once:
///
///     max |computed - exact|  <=  strassenErrorBound * max |a| * max over columns of sum of |b|
///
/// provided that nothing overflows or underflows. With N the roundings that a summand passes it is
/// N u / (1 - N u) times, for each level, the largest
///
///     sum over columns u' of max over t of  sum over p of
///         |c_p| (sum over blocks of |a_p|) |b_p(t, u')|
///
/// of a block of C, where a_p, b_p and c_p are the coefficients of product p: 9 for Strassen's form
/// and 13 for Winograd's. (As in Higham, Accuracy and stability of numerical algorithms, theorems
/// 23.2 and 23.3, with sums of a column in place of n times its largest element, which gave 12 and
/// 18.)
double strassenErrorBound(BlockProduct form, int64_t levels, int64_t depth, double unitRoundoff);

/// Whether a convolution of so many axes is one product for each position along the outermost, if
/// that is a third one.
inline bool isSlabwise(size_t axes, const ConvAxis &outermost) {
  return axes < 3 || (outermost.kernel == 1 && outermost.padLow == 0 && outermost.padHigh == 0);
}

} // namespace quern::ir
