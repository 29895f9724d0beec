#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::ir {

/// Complex numbers, real and imaginary parts apart.
struct ComplexRows {
  std::vector<double> re, im;
};

/// Discrete Fourier transforms of one length in double precision: X[k] = sum over j of
/// x[j] exp(-2 pi i j k / n). Any n >= 1; fast when its prime factors are small (self-sorting
/// passes, Stockham's arrangement, one for each prime factor).
class Dft {
public:
  explicit Dft(int64_t n);

  int64_t size() const { return n; }
  /// Transforms `data` (n values) in place.
  void transform(std::span<std::complex<double>> data);
  /// Transforms the columns of n rows of `width` numbers each, in place.
  void transform(double *re, double *im, int64_t width);

private:
  void pass(int64_t radix, int64_t done, int64_t width);
  void butterfly(int64_t radix, const double *re, const double *im, int64_t step, int64_t width);

  int64_t n;
  std::vector<int64_t> factors;
  std::vector<std::complex<double>> roots; ///< exp(-2 pi i j / n)
  ComplexRows from, to, terms;
};

/// The prime factors of `n`, smallest first, with repetition; none for 1.
std::vector<int64_t> primeFactors(int64_t n);

/// The least m >= n without a prime factor above 7.
int64_t smoothSize(int64_t n);

/// A convolution's filters `[O][I][k...]` (row-major) and the transform that they undergo. Axes are
/// listed innermost first: x, then y, then z.
struct FilterTransform {
  int64_t outChannels = 1, inChannels = 1;
  std::vector<int64_t> kernel{};
  std::vector<int64_t> dilation{}; ///< distance between taps; empty: 1
  std::vector<int64_t> sizes{};    ///< of the transforms; taps beyond a transform's end wrap round
  std::vector<int64_t> lead{};     ///< samples before sample 0 at which the taps begin; empty: 0

  /// Frequencies that are kept: all but the mirrored half of x.
  int64_t frequencies() const;
};

/// The spectra `[O][I][kz][ky][kx]` (row-major, kx <= sizes[0] / 2 only, the rest being complex
/// conjugates) of `filters`, conjugated and divided by the number of samples of a transform. A
/// convolution as networks mean it, y[i] = sum over k of x[i + k * dilation - lead] w[k] with
/// indices modulo the transform's size, is then the unscaled inverse transform of X times this.
std::vector<std::complex<double>> transformFilter(std::span<const double> filters,
                                                  const FilterTransform &transform);

/// How far a convolution by transforms of `sizes`, summing `inChannels` channels in the frequency
/// domain, can be from the exact one when computed with unit roundoff `u` (2^-24 for f32):
///
///     max |y - exact| <= bound * max |x| * max over o of (sum over i, k of |w[o][i][k]|)
///
/// where `samples` is the number of inputs of a transform that can differ from zero. It holds for
/// every input, for transforms whose passes have prime lengths or are composed of such, in any
/// order, with twiddle factors rounded once.
///
/// Derivation. A pass of prime length p is exact up to a relative error in the 2-norm of u for p =
/// 2, and of sqrt(2 p) gamma((p + 7) / 2) otherwise (inner products of sums and differences with
/// rounded constants); a twiddle factor costs sqrt(2) gamma(2) + u (Higham, Accuracy and Stability
/// of Numerical Algorithms, 2nd edition, lemmas 3.5 and 24.1), and the errors of passes, each a
/// multiple of a unitary matrix, add up as in his theorem 24.2. The contraction is an inner product
/// of 2 * inChannels terms with rounded weights: sqrt(2) gamma(2 inChannels) + u. Each |W| is at
/// most the filter's sum of magnitudes, the 2-norm of the input at most sqrt(samples) max |x|, and
/// the maximum norm of the result at most its 2-norm.
double fftErrorBound(std::span<const int64_t> sizes, int64_t inChannels, double samples, double u);

} // namespace quern::ir
