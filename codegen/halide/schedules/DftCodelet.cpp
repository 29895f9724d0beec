#include "codegen/halide/schedules/DftCodelet.h"

#include <cmath>
#include <numbers>

namespace quern::codegen {

namespace {

using Halide::Expr;
using Values = std::vector<ComplexExpr>;

Expr sum(const Expr &a, const Expr &b) { return !a.defined() ? b : !b.defined() ? a : a + b; }
Expr negated(const Expr &a) { return a.defined() ? -a : a; }
Expr difference(const Expr &a, const Expr &b) {
  return !b.defined() ? a : !a.defined() ? -b : a - b;
}

Expr product(const Expr &a, const Expr &b) { return a.defined() && b.defined() ? a * b : Expr(); }

Expr product(const Expr &a, double b) {
  if (!a.defined() || b == 0)
    return {};
  if (std::abs(b) == 1)
    return b > 0 ? a : -a;
  return a * Halide::Internal::make_const(a.type(), b);
}

/// The cosine or sine of a part of a circle: roundings by which they miss 0, 1 and -1 taken away.
double exact(double value) {
  return std::abs(value - std::round(value)) < 1e-14 ? std::round(value) : value;
}

int64_t firstFactor(int64_t n) {
  if (n % 4 == 0)
    return 4;
  for (int64_t p = 2; p * p <= n; ++p)
    if (n % p == 0)
      return p;
  return n;
}

bool allReal(const Values &in) {
  for (const ComplexExpr &value : in)
    if (value.im.defined())
      return false;
  return true;
}

/// x - i y.
ComplexExpr minusTurned(const ComplexExpr &x, const ComplexExpr &y) {
  return {sum(x.re, y.im), difference(x.im, y.re)};
}
/// x + i y.
ComplexExpr plusTurned(const ComplexExpr &x, const ComplexExpr &y) {
  return {difference(x.re, y.im), sum(x.im, y.re)};
}

Values smallDft(const Values &in) {
  const auto n = static_cast<int64_t>(in.size());
  if (n == 1)
    return in;
  if (n == 2)
    return {in[0] + in[1], in[0] - in[1]};
  if (n == 4) {
    ComplexExpr a = in[0] + in[2], b = in[0] - in[2], c = in[1] + in[3], d = in[1] - in[3];
    return {a + c, minusTurned(b, d), a - c, plusTurned(b, d)};
  }
  // A prime: sums and differences of mirrored inputs meet the cosines and the sines.
  Values out(n);
  out[0] = in[0];
  for (int64_t j = 1; j < n; ++j)
    out[0] = out[0] + in[j];
  for (int64_t k = 1; 2 * k < n; ++k) {
    ComplexExpr even = in[0], odd;
    for (int64_t j = 1; 2 * j < n; ++j) {
      std::complex<double> root = rootOfUnity(j * k, n);
      even = even + (in[j] + in[n - j]) * root.real();
      odd = odd + (in[j] - in[n - j]) * -root.imag();
    }
    out[k] = minusTurned(even, odd);
    out[n - k] = plusTurned(even, odd);
  }
  return out;
}

ComplexExpr swapped(const ComplexExpr &a) { return {a.im, a.re}; }

} // namespace

ComplexExpr operator+(const ComplexExpr &a, const ComplexExpr &b) {
  return {sum(a.re, b.re), sum(a.im, b.im)};
}
ComplexExpr operator-(const ComplexExpr &a, const ComplexExpr &b) {
  return {difference(a.re, b.re), difference(a.im, b.im)};
}
ComplexExpr operator*(const ComplexExpr &a, const ComplexExpr &b) {
  return {difference(product(a.re, b.re), product(a.im, b.im)),
          sum(product(a.re, b.im), product(a.im, b.re))};
}
ComplexExpr operator*(const ComplexExpr &a, std::complex<double> b) {
  return {difference(product(a.re, b.real()), product(a.im, b.imag())),
          sum(product(a.re, b.imag()), product(a.im, b.real()))};
}
ComplexExpr conjugate(const ComplexExpr &a) { return {a.re, negated(a.im)}; }

std::complex<double> rootOfUnity(int64_t turns, int64_t n) {
  double angle = -2 * std::numbers::pi * static_cast<double>(turns % n) / static_cast<double>(n);
  return {exact(std::cos(angle)), exact(std::sin(angle))};
}

Values forwardDft(const Values &in) {
  const auto n = static_cast<int64_t>(in.size());
  const int64_t p = firstFactor(n), m = n / p;
  if (m == 1)
    return smallDft(in);
  std::vector<Values> parts;
  for (int64_t j = 0; j < p; ++j) {
    Values part;
    for (int64_t i = 0; i < m; ++i)
      part.push_back(in[i * p + j]);
    parts.push_back(forwardDft(part));
  }
  const bool real = allReal(in);
  Values out(n);
  for (int64_t k = 0; k < (real ? m / 2 + 1 : m); ++k) {
    Values terms;
    for (int64_t j = 0; j < p; ++j)
      terms.push_back(parts[j][k] * rootOfUnity(j * k, n));
    Values results = smallDft(terms);
    for (int64_t q = 0; q < p; ++q) {
      int64_t index = k + m * q;
      if (!real || 2 * index <= n)
        out[index] = results[q];
      else if (k > 0)
        out[n - index] = conjugate(results[q]);
    }
  }
  if (real)
    for (int64_t k = n / 2 + 1; k < n; ++k)
      out[k] = conjugate(out[n - k]);
  return out;
}

Values inverseDft(const Values &in) {
  Values turned;
  for (const ComplexExpr &value : in)
    turned.push_back(swapped(value));
  Values out = forwardDft(turned);
  for (ComplexExpr &value : out)
    value = swapped(value);
  return out;
}

std::vector<Expr> inverseRealDft(const Values &in, int64_t n) {
  auto at = [&](int64_t k) { return 2 * k <= n ? in[k] : conjugate(in[n - k]); };
  const int64_t p = firstFactor(n), m = n / p;
  std::vector<Expr> out(n);
  if (m == 1) {
    Values all;
    all.push_back({in[0].re, Expr()});
    for (int64_t k = 1; k < n; ++k)
      all.push_back(at(k));
    if (n % 2 == 0)
      all[n / 2].im = Expr();
    Values samples = inverseDft(all);
    for (int64_t j = 0; j < n; ++j)
      out[j] = samples[j].re;
    return out;
  }
  // Decimation in frequency: sample j + p l is number l of a spectrum of length m.
  for (int64_t j = 0; j < p; ++j) {
    Values part;
    for (int64_t k = 0; k <= m / 2; ++k) {
      Values terms;
      for (int64_t q = 0; q < p; ++q)
        terms.push_back(at(k + m * q));
      part.push_back(inverseDft(terms)[j] * std::conj(rootOfUnity(j * k, n)));
    }
    std::vector<Expr> samples = inverseRealDft(part, m);
    for (int64_t l = 0; l < m; ++l)
      out[j + p * l] = samples[l];
  }
  return out;
}

} // namespace quern::codegen
