#include "ir/conv/Strassen.h"

#include "ir/conv/Division.h"

#include <algorithm>
#include <limits>
#include <valarray>

namespace quern::ir {

namespace {

/// What outputs are padded to: vectors of any machine are whole then.
constexpr int64_t vectorOutputs = 16;

/// A sum without its signs: what becomes of each input's magnitude where nothing cancels, and how
/// many roundings it passes at most.
struct Magnitudes {
  std::array<double, blockProducts> factors{};
  int64_t roundings = 0;

  friend Magnitudes operator+(const Magnitudes &a, const Magnitudes &b) {
    Magnitudes sum{.roundings = std::max(a.roundings, b.roundings) + 1};
    for (size_t i = 0; i < blockProducts; ++i)
      sum.factors[i] = a.factors[i] + b.factors[i];
    return sum;
  }
  friend Magnitudes operator-(const Magnitudes &a, const Magnitudes &b) { return a + b; }
};

template <size_t count> std::array<Magnitudes, count> units() {
  std::array<Magnitudes, count> result;
  for (size_t i = 0; i < count; ++i)
    result[i].factors[i] = 1;
  return result;
}

template <size_t count> int64_t mostRoundings(const std::array<Magnitudes, count> &sums) {
  int64_t most = 0;
  for (const Magnitudes &sum : sums)
    most = std::max(most, sum.roundings);
  return most;
}

/// What one level makes of errors.
struct LevelError {
  double factor = 1;
  int64_t roundings = 0;
};

LevelError levelError(BlockProduct form) {
  auto blocks = units<blocksOfMatrix>();
  auto products = units<blockProducts>();
  auto left = leftFactors<Magnitudes>(form, blocks);
  auto right = rightFactors<Magnitudes>(form, blocks);
  auto result = blocksOf<Magnitudes>(form, products);
  LevelError error{.factor = 0, .roundings = mostRoundings(left) + mostRoundings(result)};
  for (const Magnitudes &block : result) {
    std::array<double, blocksOfMatrix> ofB{};
    for (size_t p = 0; p < blockProducts; ++p) {
      double ofA = 0;
      for (size_t k = 0; k < blocksOfMatrix; ++k)
        ofA += left[p].factors[k];
      for (size_t k = 0; k < blocksOfMatrix; ++k)
        ofB[k] += block.factors[p] * ofA * right[p].factors[k];
    }
    // The blocks of a column hold parts of the same columns of B, whose sums add up to no more than
    // the whole: the larger factor counts. Those beside each other hold different columns.
    double both = std::max(ofB[0], ofB[2]) + std::max(ofB[1], ofB[3]);
    error.factor = std::max(error.factor, both);
  }
  return error;
}

} // namespace

int64_t blockIndex(int64_t levels, int64_t row, int64_t column) {
  int64_t index = 0;
  for (int64_t level = levels; level-- > 0;)
    index = 4 * index + 2 * (row >> level & 1) + (column >> level & 1);
  return index;
}

int64_t StrassenFilter::blockInputs() const { return ceilDiv(inputs, power(2, levels)); }

int64_t StrassenFilter::blockOutputs() const {
  return ceilDiv(outputs, power(2, levels) * vectorOutputs) * vectorOutputs;
}

std::vector<double> strassenFilter(const StrassenFilter &shape, std::span<const double> filter) {
  using Block = std::valarray<double>;
  int64_t sides = power(2, shape.levels), rows = shape.blockInputs(),
          columns = shape.blockOutputs();
  auto size = static_cast<size_t>(columns * rows * shape.taps);
  std::vector<Block> blocks(static_cast<size_t>(sides * sides), Block(size));
  for (int64_t o = 0; o < shape.outputs; ++o)
    for (int64_t i = 0; i < shape.inputs; ++i) {
      Block &block = blocks[static_cast<size_t>(blockIndex(shape.levels, i / rows, o / columns))];
      const double *from = filter.data() + (o * shape.inputs + i) * shape.taps;
      std::copy(from, from + shape.taps,
                &block[static_cast<size_t>((o % columns * rows + i % rows) * shape.taps)]);
    }
  std::vector<double> result;
  for (const Block &factor : rightFactors(shape.form, shape.levels, std::move(blocks)))
    result.insert(result.end(), std::begin(factor), std::end(factor));
  return result;
}

double strassenErrorBound(BlockProduct form, int64_t levels, int64_t depth, double unitRoundoff) {
  LevelError level = levelError(form);
  // One for the rounding of the factors of B.
  auto roundings = static_cast<double>(levels * level.roundings + depth + 1);
  double relative = roundings * unitRoundoff;
  if (relative >= 1)
    return std::numeric_limits<double>::infinity();
  double bound = relative / (1 - relative);
  for (int64_t i = 0; i < levels; ++i)
    bound *= level.factor;
  return bound;
}

} // namespace quern::ir
