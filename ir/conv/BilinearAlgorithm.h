// Bilinear algorithms of one-dimensional correlation (Winograd's minimal filtering, Cook-Toom):
// fewer products than outputs times taps, at the price of additions and of rounding error.
#pragma once

#include "ir/conv/Rational.h"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::ir {

/// The algorithm F(outputs, taps):
///
///     y[i] = sum over k of x[i + k] g[k]  for i < outputs     ==     AT ((G g) .* (BT x))
///
/// where `x` has `inputs` = outputs + taps - 1 elements and .* multiplies element by element.
struct BilinearAlgorithm {
  int64_t outputs = 1, taps = 1, inputs = 1, products = 1;
  /// BT [products x inputs] and AT [outputs x products], each as the product of the matrices that
  /// are applied one after the other, the first of the list first: one, or one for each level of a
  /// nested algorithm.
  std::vector<RationalMatrix> inputTransform, outputTransform;
  RationalMatrix filterTransform; ///< G [products x taps]

  /// Whether sum over a of AT[i,a] G[a,k] BT[a,j] equals [j == i + k] for all i, j, k, exactly:
  /// then the two sides above agree for all x and g.
  bool verify() const;

  /// The largest factor by which relative errors of the products show in the outputs:
  ///
  ///     max over i, k of  sum over a of  |AT[i,a]| (sum over j of |BT[a,j]|) |G[a,k]|
  ///
  /// where |BT| and |AT| are products of the absolute matrices. At least 1, and 1 for a direct
  /// algorithm. Of an algorithm over several axes it is the product.
  /// (The bound of Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and improving the
  /// accuracy of Winograd convolution for deep neural networks", ACM TOMS 2020, with absolute sums
  /// in place of norms, which is sharper.)
  double errorFactor() const;

  /// The same for independent random errors and data: the root of the sum of squares instead of the
  /// sum, over outputs, in units of the error of a direct algorithm. It ranks points.
  double typicalErrorFactor() const;

  /// Of each product: by how much the square of a relative error of its weight grows in the
  /// outputs together, on independent inputs of variance 1.
  std::vector<double> errorSpreads() const;

  /// How many roundings a summand passes at most in BT x and in AT m together, the rounding of the
  /// coefficients included.
  int64_t transformRoundings() const;
};

/// F(outputs, taps) with outputs * taps products and coefficients 0 and 1.
BilinearAlgorithm directAlgorithm(int64_t outputs, int64_t taps);

/// Cook-Toom with outputs + taps - 1 products, interpolating at the given finite, distinct points
/// (outputs + taps - 2 of them) and at infinity: the transposition of Toom and Cook's product of
/// polynomials (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016).
/// Rows of BT are monic, columns of AT begin with 1, the rest is in G, which is applied in double
/// precision. Scaling by powers of two would change no rounding error.
/// Throws std::invalid_argument for the wrong number of points or equal ones.
BilinearAlgorithm cookToom(int64_t outputs, int64_t taps, std::span<const Rational> points);

/// Cook-Toom at the points `choosePoints` gives; direct where outputs or taps is 1.
BilinearAlgorithm cookToom(int64_t outputs, int64_t taps);

/// The finite points for outputs + taps - 1 products: 0, then pairs of opposite numbers (whose rows
/// share their even and odd parts), then a single one where the count is even; dyadic, so that BT
/// and AT hold them exactly; chosen for the least typicalErrorFactor. Deterministic.
std::vector<Rational> choosePoints(int64_t outputs, int64_t taps);

/// For long filters: `outer` over blocks of taps, `inner` = F(L, L) within them. Taps k = L k1 + k2
/// and outputs i = L i1 + i2 give F(L outer.outputs, L outer.taps), of which the first `taps` are
/// kept: with those that are missing go the inputs that only they would read.
/// Throws std::invalid_argument unless inner is F(L, L) and taps is at most L outer.taps.
BilinearAlgorithm nested(const BilinearAlgorithm &outer, const BilinearAlgorithm &inner,
                         int64_t taps);

/// A bound that always holds for a convolution by `axes` (one algorithm for each spatial axis) over
/// `channels` input channels, with products and sums in an arithmetic of unit roundoff `u` (2^-24
/// for f32; fused or not, summed in any order), G applied in double precision and rounded once:
///
///     max |computed - exact|  <=  errorBound * max |x| * max over o of sum over c, k of |w[o,c,k]|
///
/// provided that nothing overflows or underflows. For a strided convolution `channels` counts its
/// phases. With N the roundings that a summand passes, it is N u / (1 - N u) times the product of
/// the axes' error factors (Higham, "Accuracy and stability of numerical algorithms", 3.1).
/// Infinity where N u is not less than 1.
double errorBound(std::span<const BilinearAlgorithm> axes, int64_t channels, double unitRoundoff);

} // namespace quern::ir
