// Products of blocks by seven multiplications: the identity in whole numbers, and errors measured
// in f32 against the bound that is promised.
#include "ir/conv/Strassen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <valarray>

namespace quern::ir {
namespace {

class BlockProducts : public testing::TestWithParam<BlockProduct> {};

TEST_P(BlockProducts, IdentityIsExact) {
  for (size_t i = 0; i < blocksOfMatrix; ++i)
    for (size_t j = 0; j < blocksOfMatrix; ++j) {
      std::array<int64_t, blocksOfMatrix> a{}, b{};
      a[i] = b[j] = 1;
      auto left = leftFactors<int64_t>(GetParam(), a), right = rightFactors<int64_t>(GetParam(), b);
      std::array<int64_t, blockProducts> products;
      for (size_t p = 0; p < blockProducts; ++p)
        products[p] = left[p] * right[p];
      auto c = blocksOf<int64_t>(GetParam(), products);
      for (size_t k = 0; k < blocksOfMatrix; ++k)
        EXPECT_EQ(c[k], i % 2 == j / 2 && k == i / 2 * 2 + j % 2) << i << " by " << j;
    }
}

/// A [rows][depth] times B [depth][columns], A cut into blocks here, B by strassenFilter.
struct Product {
  int64_t rows, depth, columns;
  std::vector<double> a, b;

  Product(int64_t rows, int64_t depth, int64_t columns)
      : rows(rows), depth(depth), columns(columns) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> uniform(-1, 1);
    auto draw = [&](int64_t count) {
      std::vector<double> values(static_cast<size_t>(count));
      for (double &value : values)
        value = static_cast<double>(uniform(random));
      return values;
    };
    a = draw(rows * depth);
    b = draw(depth * columns);
  }

  double exact(int64_t row, int64_t column) const {
    double sum = 0;
    for (int64_t k = 0; k < depth; ++k)
      sum += a[static_cast<size_t>(row * depth + k)] * b[static_cast<size_t>(k * columns + column)];
    return sum;
  }

  /// The largest error, in units of the largest sum of a column of |B| (|A| is at most 1).
  double error(BlockProduct form, int64_t levels) const {
    using Block = std::valarray<float>;
    StrassenFilter shape{.form = form, .levels = levels, .outputs = columns, .inputs = depth};
    int64_t sides = power(2, levels), height = (rows + sides - 1) / sides,
            inner = shape.blockInputs(), width = shape.blockOutputs();
    std::vector<double> filter(b.size()); // [columns][depth]
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t o = 0; o < columns; ++o)
        filter[static_cast<size_t>(o * depth + k)] = b[static_cast<size_t>(k * columns + o)];
    std::vector<double> right = strassenFilter(shape, filter);
    std::vector<Block> blocks(static_cast<size_t>(sides * sides),
                              Block(static_cast<size_t>(height * inner)));
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t k = 0; k < depth; ++k)
        blocks[static_cast<size_t>(blockIndex(levels, m / height, k / inner))]
              [static_cast<size_t>(m % height * inner + k % inner)] =
                  static_cast<float>(a[static_cast<size_t>(m * depth + k)]);
    std::vector<Block> left = leftFactors(form, levels, std::move(blocks)), products;
    for (size_t p = 0; p < left.size(); ++p) {
      Block &sums = products.emplace_back(static_cast<size_t>(height * width));
      for (int64_t m = 0; m < height; ++m)
        for (int64_t o = 0; o < width; ++o)
          for (int64_t k = 0; k < inner; ++k) {
            double factor = right[(p * static_cast<size_t>(width) + static_cast<size_t>(o)) *
                                      static_cast<size_t>(inner) +
                                  static_cast<size_t>(k)];
            float &sum = sums[static_cast<size_t>(m * width + o)];
            sum = std::fma(left[p][static_cast<size_t>(m * inner + k)], static_cast<float>(factor),
                           sum);
          }
    }
    std::vector<Block> result = blocksOf(form, levels, std::move(products));
    double largest = 0, scale = 0;
    for (int64_t o = 0; o < columns; ++o) {
      double sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += std::fabs(b[static_cast<size_t>(k * columns + o)]);
      scale = std::max(scale, sum);
      for (int64_t m = 0; m < rows; ++m) {
        float value = result[static_cast<size_t>(blockIndex(levels, m / height, o / width))]
                            [static_cast<size_t>(m % height * width + o % width)];
        largest = std::max(largest, std::fabs(static_cast<double>(value) - exact(m, o)));
      }
    }
    return largest / scale;
  }
};

TEST_P(BlockProducts, ErrorsStayWithinTheBoundAndGrowWithTheLevels) {
  constexpr double unitRoundoff = 0x1p-24;
  for (auto [rows, depth, columns] : {std::tuple(64, 64, 64), std::tuple(37, 50, 41)}) {
    Product product(rows, depth, columns);
    double before = 0;
    for (int64_t levels = 1; levels <= 3; ++levels) {
      StrassenFilter shape{.levels = levels, .inputs = depth};
      double bound = strassenErrorBound(GetParam(), levels, shape.blockInputs(), unitRoundoff);
      double error = product.error(GetParam(), levels);
      EXPECT_LE(error, bound);
      EXPECT_GT(error, 0);
      EXPECT_GT(bound, before);
      before = bound;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Both, BlockProducts,
                         testing::Values(BlockProduct::strassen, BlockProduct::winograd),
                         [](const auto &info) {
                           return info.param == BlockProduct::strassen ? "Strassen" : "Winograd";
                         });

TEST(StrassenFilter, PadsWhatDoesNotDivide) {
  StrassenFilter shape{.levels = 2, .outputs = 70, .inputs = 13, .taps = 9};
  EXPECT_EQ(shape.products(), 49);
  EXPECT_EQ(shape.blockInputs(), 4);
  EXPECT_EQ(shape.blockOutputs(), 32);
  EXPECT_EQ(blockIndex(2, 1, 2), 0b0110);
}

} // namespace
} // namespace quern::ir
