#include "ir/conv/Dft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace quern::ir {
namespace {

using Complex = std::complex<double>;

Complex root(int64_t turns, int64_t n) {
  return std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(turns % n) /
                             static_cast<double>(n));
}

TEST(Dft, AgreesWithPlainSums) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int64_t n = 1; n <= 130; ++n) {
    std::vector<Complex> data;
    for (int64_t j = 0; j < n; ++j)
      data.emplace_back(uniform(random), uniform(random));
    std::vector<Complex> result = data;
    Dft(n).transform(result);
    for (int64_t k = 0; k < n; ++k) {
      Complex sum;
      for (int64_t j = 0; j < n; ++j)
        sum += data[j] * root(j * k, n);
      ASSERT_TRUE(std::abs(sum - result[k]) <= 1e-12 * static_cast<double>(n)) << n << " " << k;
    }
  }
}

TEST(Dft, PrimeFactorsAndSmoothSizes) {
  EXPECT_EQ(primeFactors(1), std::vector<int64_t>{});
  EXPECT_EQ(primeFactors(360), (std::vector<int64_t>{2, 2, 2, 3, 3, 5}));
  EXPECT_EQ(primeFactors(97), (std::vector<int64_t>{97}));
  EXPECT_EQ(smoothSize(11), 12);
  EXPECT_EQ(smoothSize(32767), 32768);
  EXPECT_EQ(smoothSize(63), 63);
}

/// The spectra of filters with two channels in, three out, against the definition.
TEST(TransformFilter, AgreesWithTheDefinition) {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const FilterTransform shapes[] = {
      {3, 2, {5}, {}, {12}},
      {3, 2, {3, 2}, {2, 3}, {7, 6}},
      {3, 2, {2, 3, 2}, {1, 1, 2}, {4, 5, 3}},
      {3, 2, {9, 4}, {}, {77, 65}},
      {3, 2, {3, 2}, {2, 3}, {7, 6}, {4, 1}},
  };
  for (const FilterTransform &shape : shapes) {
    std::vector<int64_t> kernel = shape.kernel, dilation = shape.dilation, sizes = shape.sizes,
                         lead = shape.lead;
    dilation.resize(kernel.size(), 1);
    kernel.resize(3, 1);
    dilation.resize(3, 1);
    sizes.resize(3, 1);
    lead.resize(3, 0);
    std::vector<double> filters(6 * kernel[0] * kernel[1] * kernel[2]);
    for (double &value : filters)
      value = uniform(random);
    std::vector<Complex> spectra = transformFilter(filters, shape);
    const int64_t half = sizes[0] / 2 + 1;
    ASSERT_EQ(static_cast<int64_t>(spectra.size()), 6 * half * sizes[1] * sizes[2]);
    const double *filter = filters.data();
    const Complex *result = spectra.data();
    for (int pair = 0; pair < 6; ++pair, filter += kernel[0] * kernel[1] * kernel[2])
      for (int64_t kz = 0; kz < sizes[2]; ++kz)
        for (int64_t ky = 0; ky < sizes[1]; ++ky)
          for (int64_t kx = 0; kx < half; ++kx, ++result) {
            Complex sum;
            for (int64_t z = 0; z < kernel[2]; ++z)
              for (int64_t y = 0; y < kernel[1]; ++y)
                for (int64_t x = 0; x < kernel[0]; ++x)
                  sum += filter[(z * kernel[1] + y) * kernel[0] + x] *
                         root((x * dilation[0] - lead[0]) * kx, sizes[0]) *
                         root((y * dilation[1] - lead[1]) * ky, sizes[1]) *
                         root((z * dilation[2] - lead[2]) * kz, sizes[2]);
            sum = std::conj(sum) / static_cast<double>(sizes[0] * sizes[1] * sizes[2]);
            ASSERT_TRUE(std::abs(sum - *result) <= 1e-13);
          }
  }
}

TEST(FftErrorBound, GrowsWithEverythingThatItNames) {
  const double u = std::ldexp(1.0, -24);
  const std::vector<int64_t> small{16, 16}, large{64, 64};
  double bound = fftErrorBound(small, 1, 256, u);
  EXPECT_GT(bound, 16 * u);
  EXPECT_LT(bound, 1e-3);
  EXPECT_GT(fftErrorBound(large, 1, 256, u), bound);
  EXPECT_GT(fftErrorBound(small, 64, 256, u), bound);
  EXPECT_GT(fftErrorBound(small, 1, 1024, u), bound);
}

} // namespace
} // namespace quern::ir
