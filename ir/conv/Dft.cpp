#include "ir/conv/Dft.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace quern::ir {

namespace {

using Complex = std::complex<double>;

// The operator of std::complex tests for NaN, at several times the cost.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
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

Dft::Dft(int64_t n) : n(n), from(n), to(n) {
  // Fours first: half the passes that pairs would take.
  for (int64_t p : primeFactors(n)) {
    if (p == 2 && !factors.empty() && factors.back() == 2)
      factors.back() = 4;
    else
      factors.push_back(p);
  }
  for (int64_t j = 0; j < n; ++j)
    roots.push_back(
        std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n)));
  terms.resize(n);
}

void Dft::pass(int64_t radix, int64_t done) {
  const int64_t rest = n / (done * radix), turn = n / radix;
  Complex *t = terms.data();
  for (int64_t q = 0; q < rest; ++q)
    for (int64_t s = 0; s < done; ++s) {
      const Complex *source = &from[s + done * q];
      Complex *target = &to[s + done * radix * q];
      const int64_t step = done * rest;
      if (radix == 2) {
        t[0] = source[0] + source[step];
        t[1] = source[0] - source[step];
      } else if (radix == 4) {
        Complex a = source[0] + source[2 * step], b = source[0] - source[2 * step];
        Complex c = source[step] + source[3 * step], d = source[step] - source[3 * step];
        t[0] = a + c;
        t[1] = Complex(b.real() + d.imag(), b.imag() - d.real());
        t[2] = a - c;
        t[3] = Complex(b.real() - d.imag(), b.imag() + d.real());
      } else {
        for (int64_t k = 0; k < radix; ++k) {
          t[k] = source[0];
          for (int64_t r = 1; r < radix; ++r)
            t[k] += times(source[step * r], roots[r * k % radix * turn]);
        }
      }
      target[0] = t[0];
      for (int64_t k = 1; k < radix; ++k)
        target[done * k] = times(t[k], roots[q * k * done]);
    }
  std::swap(from, to);
}

void Dft::transform(std::span<Complex> data) {
  std::copy(data.begin(), data.end(), from.begin());
  int64_t done = 1;
  for (int64_t radix : factors) {
    pass(radix, done);
    done *= radix;
  }
  std::copy(from.begin(), from.end(), data.begin());
}

int64_t FilterTransform::frequencies() const {
  int64_t count = sizes[0] / 2 + 1;
  for (size_t i = 1; i < sizes.size(); ++i)
    count *= sizes[i];
  return count;
}

namespace {

/// One filter's samples on its way to a spectrum: axes of up to three dimensions, x innermost.
class Spectrum {
public:
  explicit Spectrum(const FilterTransform &transform) : transform(transform) {
    for (int64_t size : transform.sizes)
      dfts.emplace_back(size);
    half = transform.sizes[0] / 2 + 1;
    for (size_t i = 0; i < transform.sizes.size(); ++i) {
      scale /= static_cast<double>(transform.sizes[i]);
      taps *= transform.kernel[i];
    }
    row.resize(transform.sizes[0]);
    for (size_t i = 1; i < dfts.size(); ++i)
      columns.emplace_back(transform.sizes[i]);
  }

  int64_t tapCount() const { return taps; }

  void compute(const double *filter, std::span<Complex> result) {
    std::fill(result.begin(), result.end(), Complex());
    for (int64_t line = 0; line < taps / transform.kernel[0]; ++line)
      addRow(filter + line * transform.kernel[0], &result[half * rowOf(line)]);
    int64_t inner = half;
    for (size_t axis = 1; axis < dfts.size(); ++axis) {
      transformAxis(axis, inner, result);
      inner *= transform.sizes[axis];
    }
    for (Complex &value : result)
      value = std::conj(value) * scale;
  }

private:
  int64_t dilation(size_t axis) const {
    return transform.dilation.empty() ? 1 : transform.dilation[axis];
  }

  /// Where the filter's row number `line` comes to lie among the rows of the transform.
  int64_t rowOf(int64_t line) const {
    int64_t position = 0, stride = 1;
    for (size_t axis = 1; axis < dfts.size(); ++axis) {
      int64_t tap = line % transform.kernel[axis] * dilation(axis);
      position += tap % transform.sizes[axis] * stride;
      line /= transform.kernel[axis];
      stride *= transform.sizes[axis];
    }
    return position;
  }

  void addRow(const double *filterRow, Complex *result) {
    std::fill(row.begin(), row.end(), Complex());
    for (int64_t k = 0; k < transform.kernel[0]; ++k)
      row[k * dilation(0) % transform.sizes[0]] += filterRow[k];
    dfts[0].transform(row);
    for (int64_t k = 0; k < half; ++k)
      result[k] += row[k];
  }

  void transformAxis(size_t axis, int64_t inner, std::span<Complex> result) {
    std::vector<Complex> &column = columns[axis - 1];
    const int64_t size = transform.sizes[axis];
    const int64_t outer = static_cast<int64_t>(result.size()) / (inner * size);
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; ++i) {
        Complex *first = &result[o * size * inner + i];
        for (int64_t k = 0; k < size; ++k)
          column[k] = first[k * inner];
        dfts[axis].transform(column);
        for (int64_t k = 0; k < size; ++k)
          first[k * inner] = column[k];
      }
  }

  const FilterTransform &transform;
  std::vector<Dft> dfts;
  std::vector<Complex> row;
  std::vector<std::vector<Complex>> columns;
  int64_t half = 1, taps = 1;
  double scale = 1;
};

} // namespace

std::vector<Complex> transformFilter(std::span<const double> filters,
                                     const FilterTransform &transform) {
  const int64_t frequencies = transform.frequencies();
  const int64_t count = transform.outChannels * transform.inChannels;
  std::vector<Complex> spectra(count * frequencies);
  Spectrum spectrum(transform);
  for (int64_t i = 0; i < count; ++i)
    spectrum.compute(&filters[i * spectrum.tapCount()],
                     std::span(spectra).subspan(i * frequencies, frequencies));
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
