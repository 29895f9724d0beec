#pragma once

#include <Halide.h>

#include <complex>
#include <cstdint>
#include <vector>

namespace quern::codegen {

/// A complex value in symbols. An undefined part is zero, and costs nothing.
struct ComplexExpr {
  Halide::Expr re, im;
};

ComplexExpr operator+(const ComplexExpr &a, const ComplexExpr &b);
ComplexExpr operator-(const ComplexExpr &a, const ComplexExpr &b);
ComplexExpr operator*(const ComplexExpr &a, const ComplexExpr &b);
/// Factors of 0, 1 and -1 cost nothing.
ComplexExpr operator*(const ComplexExpr &a, std::complex<double> b);
ComplexExpr conjugate(const ComplexExpr &a);

/// exp(-2 pi i * turns / n), with exact zeros and ones where they occur.
std::complex<double> rootOfUnity(int64_t turns, int64_t n);

/// X[k] = sum over j of in[j] exp(-2 pi i j k / n): straight-line code by decimation in time,
/// fours first and then primes. Where all inputs are real (no imaginary part), the second half of
/// the results is the conjugate of the first, and costs nothing when it is not used.
std::vector<ComplexExpr> forwardDft(const std::vector<ComplexExpr> &in);

/// x[j] = sum over k of in[k] exp(2 pi i j k / n): not divided by n.
std::vector<ComplexExpr> inverseDft(const std::vector<ComplexExpr> &in);

/// The same for a spectrum of real samples, of which in[0] ... in[n / 2] are given.
std::vector<Halide::Expr> inverseRealDft(const std::vector<ComplexExpr> &in, int64_t n);

} // namespace quern::codegen
