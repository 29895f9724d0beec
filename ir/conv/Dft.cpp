#include "ir/conv/Dft.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace quern::ir {

namespace {

using Complex = std::complex<double>;

// Loops over rows of numbers, for the compiler to make vectors of.

/// to = a + sign b.
void addRows(double *__restrict to, const double *a, const double *b, double sign, int64_t width) {
  for (int64_t i = 0; i < width; ++i)
    to[i] = a[i] + sign * b[i];
}

/// to += a root.
void addTurned(double *__restrict toRe, double *__restrict toIm, const double *re, const double *im,
               Complex root, int64_t width) {
  double x = root.real(), y = root.imag();
  for (int64_t i = 0; i < width; ++i) {
    toRe[i] += re[i] * x - im[i] * y;
    toIm[i] += re[i] * y + im[i] * x;
  }
}

/// to = a root.
void turn(double *__restrict toRe, double *__restrict toIm, const double *re, const double *im,
          Complex root, int64_t width) {
  double x = root.real(), y = root.imag();
  for (int64_t i = 0; i < width; ++i) {
    toRe[i] = re[i] * x - im[i] * y;
    toIm[i] = re[i] * y + im[i] * x;
  }
}

/// Higham's gamma: the relative error that `count` roundings can add up to.
double gamma(double count, double u) { return count * u / (1 - count * u); }

} // namespace

std::vector<int64_t> primeFactors(int64_t n) {
  std::vector<int64_t> factors;
  for (int64_t p = 2; p * p <= n; ++p)
    for (; n % p == 0; n /= p)
      factors.push_back(p);
  if (n > 1)
    factors.push_back(n);
  return factors;
}

int64_t smoothSize(int64_t n) {
  for (;; ++n) {
    int64_t rest = n;
    for (int64_t p : {2, 3, 5, 7})
      while (rest % p == 0)
        rest /= p;
    if (rest == 1)
      return n;
  }
}

Dft::Dft(int64_t n) : n(n), factors(primeFactors(n)) {
  for (int64_t j = 0; j < n; ++j)
    roots.push_back(
        std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n)));
}

/// The terms of one small transform, of rows that are `step` apart.
void Dft::butterfly(int64_t radix, const double *re, const double *im, int64_t step,
                    int64_t width) {
  double *x = terms.re.data(), *y = terms.im.data();
  if (radix == 2) {
    for (int64_t k = 0; k < 2; ++k) {
      addRows(x + k * width, re, re + step, k == 0 ? 1 : -1, width);
      addRows(y + k * width, im, im + step, k == 0 ? 1 : -1, width);
    }
    return;
  }
  for (int64_t k = 0; k < radix; ++k) {
    double *sumRe = x + k * width, *sumIm = y + k * width;
    std::copy_n(re, width, sumRe);
    std::copy_n(im, width, sumIm);
    for (int64_t r = 1; r < radix; ++r)
      addTurned(sumRe, sumIm, re + step * r, im + step * r, roots[r * k % radix * (n / radix)],
                width);
  }
}

void Dft::pass(int64_t radix, int64_t done, int64_t width) {
  const int64_t rest = n / (done * radix);
  for (int64_t q = 0; q < rest; ++q)
    for (int64_t s = 0; s < done; ++s) {
      int64_t source = (s + done * q) * width, target = (s + done * radix * q) * width;
      butterfly(radix, &from.re[source], &from.im[source], done * rest * width, width);
      for (int64_t k = 0; k < radix; ++k)
        turn(&to.re[target + done * k * width], &to.im[target + done * k * width],
             &terms.re[k * width], &terms.im[k * width], roots[q * k * done], width);
    }
  std::swap(from, to);
}

void Dft::transform(double *re, double *im, int64_t width) {
  for (ComplexRows *rows : {&from, &to, &terms}) {
    rows->re.resize(n * width);
    rows->im.resize(n * width);
  }
  std::copy_n(re, n * width, from.re.begin());
  std::copy_n(im, n * width, from.im.begin());
  int64_t done = 1;
  for (int64_t radix : factors) {
    pass(radix, done, width);
    done *= radix;
  }
  std::copy_n(from.re.begin(), n * width, re);
  std::copy_n(from.im.begin(), n * width, im);
}

void Dft::transform(std::span<Complex> data) {
  std::vector<double> re, im;
  for (Complex value : data) {
    re.push_back(value.real());
    im.push_back(value.imag());
  }
  transform(re.data(), im.data(), 1);
  for (int64_t k = 0; k < n; ++k)
    data[k] = Complex(re[k], im[k]);
}

int64_t FilterTransform::frequencies() const {
  int64_t count = sizes[0] / 2 + 1;
  for (size_t i = 1; i < sizes.size(); ++i)
    count *= sizes[i];
  return count;
}

namespace {

/// Samples of some filters on their way to spectra: axes of up to three dimensions, x innermost but
/// for the filters, which are transformed side by side.
class Spectra {
public:
  Spectra(const FilterTransform &transform, int64_t count) : transform(transform), count(count) {
    for (int64_t size : transform.sizes)
      dfts.emplace_back(size);
    half = transform.sizes[0] / 2 + 1;
    for (size_t i = 0; i < transform.sizes.size(); ++i) {
      scale /= static_cast<double>(transform.sizes[i]);
      taps *= transform.kernel[i];
    }
    lines = taps / transform.kernel[0];
    for (std::vector<double> *values : {&rows.re, &rows.im})
      values->resize(transform.sizes[0] * lines * count);
    for (std::vector<double> *values : {&sums.re, &sums.im})
      values->resize(transform.frequencies() * count);
  }

  void compute(const double *filters, Complex *result) {
    transformLines(filters);
    int64_t inner = half * count, total = transform.frequencies() * count;
    for (size_t axis = 1; axis < dfts.size(); ++axis) {
      int64_t each = inner * transform.sizes[axis];
      for (int64_t first = 0; first < total; first += each)
        dfts[axis].transform(&sums.re[first], &sums.im[first], inner);
      inner = each;
    }
    for (int64_t filter = 0; filter < count; ++filter)
      for (int64_t at = filter; at < total; at += count)
        *result++ = Complex(sums.re[at] * scale, -sums.im[at] * scale);
  }

private:
  int64_t dilation(size_t axis) const {
    return transform.dilation.empty() ? 1 : transform.dilation[axis];
  }

  /// The sample at which a tap lies.
  int64_t sampleOf(int64_t tap, size_t axis) const {
    int64_t lead = transform.lead.empty() ? 0 : transform.lead[axis], size = transform.sizes[axis];
    return (tap * dilation(axis) + size - lead) % size;
  }

  /// Where a filter's line number `line` comes to lie among the lines of the transform.
  int64_t placeOf(int64_t line) const {
    int64_t position = 0, stride = 1;
    for (size_t axis = 1; axis < dfts.size(); ++axis) {
      position += sampleOf(line % transform.kernel[axis], axis) * stride;
      line /= transform.kernel[axis];
      stride *= transform.sizes[axis];
    }
    return position;
  }

  /// Transforms the filters' lines along x, all at once, and puts them where they belong.
  void transformLines(const double *filters) {
    for (std::vector<double> *values : {&rows.re, &rows.im, &sums.re, &sums.im})
      std::fill(values->begin(), values->end(), 0);
    int64_t width = lines * count, length = transform.kernel[0];
    for (int64_t filter = 0; filter < count; ++filter)
      for (int64_t line = 0; line < lines; ++line)
        for (int64_t k = 0; k < length; ++k)
          rows.re[sampleOf(k, 0) * width + line * count + filter] +=
              filters[(filter * lines + line) * length + k];
    dfts[0].transform(rows.re.data(), rows.im.data(), width);
    for (int64_t line = 0; line < lines; ++line)
      for (int64_t k = 0; k < half; ++k) {
        int64_t from = k * width + line * count, to = (half * placeOf(line) + k) * count;
        for (int64_t filter = 0; filter < count; ++filter) {
          sums.re[to + filter] += rows.re[from + filter];
          sums.im[to + filter] += rows.im[from + filter];
        }
      }
  }

  const FilterTransform &transform;
  int64_t count; ///< of filters
  std::vector<Dft> dfts;
  ComplexRows rows; ///< [sizes[0]][lines][count]
  ComplexRows sums; ///< [..., sizes[1]][half][count]
  int64_t half = 1, taps = 1, lines = 1;
  double scale = 1;
};

/// Filters side by side: enough for whole vectors, few enough for the caches.
constexpr int64_t filtersAtOnce = 8;

} // namespace

std::vector<Complex> transformFilter(std::span<const double> filters,
                                     const FilterTransform &transform) {
  const int64_t frequencies = transform.frequencies();
  const int64_t total = transform.outChannels * transform.inChannels;
  const int64_t taps = static_cast<int64_t>(filters.size()) / total;
  std::vector<Complex> spectra(total * frequencies);
  for (int64_t first = 0, count = 0; first < total; first += count) {
    count = std::min(filtersAtOnce, total - first);
    Spectra(transform, count).compute(&filters[first * taps], &spectra[first * frequencies]);
  }
  return spectra;
}

double fftErrorBound(std::span<const int64_t> sizes, int64_t inChannels, double samples, double u) {
  const double root2 = std::numbers::sqrt2;
  double transform = 1;
  for (int64_t size : sizes)
    for (int64_t p : primeFactors(size)) {
      auto prime = static_cast<double>(p);
      transform *= 1 + (p == 2 ? u : std::sqrt(2 * prime) * gamma((prime + 7) / 2, u));
      transform *= 1 + root2 * gamma(2, u) + u;
    }
  double contraction = 1 + root2 * gamma(2 * static_cast<double>(inChannels), u) + u;
  return std::sqrt(samples) * (transform * transform * contraction - 1);
}

} // namespace quern::ir
