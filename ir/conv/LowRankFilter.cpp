#include "ir/conv/LowRankFilter.h"

#include <algorithm>
#include <cmath>

namespace quern::ir {

namespace {

/// The lines of one group's filters as the rows (output, rest tap) of a matrix of columns (input,
/// shared tap), each divided by the sum of its output's absolute weights.
struct LineMatrix {
  int64_t rows, columns, rowsEach; ///< rowsEach: of an output
  std::vector<double> values;
  std::vector<double> scales; ///< of the outputs; 0 where all weights are

  LineMatrix(const SeparableShape &shape, std::span<const double> filter, int64_t group)
      : rows(shape.outputs / shape.groups * shape.restTaps()),
        columns(shape.inputs * shape.sharedTaps()), rowsEach(shape.restTaps()) {
    int64_t outputs = shape.outputs / shape.groups;
    auto each = static_cast<size_t>(shape.inputs * shape.height * shape.width);
    for (int64_t o = 0; o < outputs; ++o) {
      auto weights = filter.subspan(static_cast<size_t>(group * outputs + o) * each, each);
      double sum = 0;
      for (double weight : weights)
        sum += std::fabs(weight);
      scales.push_back(sum);
      for (int64_t rest = 0; rest < rowsEach; ++rest)
        for (int64_t i = 0; i < shape.inputs; ++i)
          for (int64_t k = 0; k < shape.sharedTaps(); ++k) {
            int64_t at = i * shape.height * shape.width + shape.tapAt(rest, k);
            values.push_back(sum > 0 ? weights[static_cast<size_t>(at)] / sum : 0);
          }
    }
  }

  double *row(int64_t index) { return values.data() + index * columns; }
  double scaleOf(int64_t row) const { return scales[static_cast<size_t>(row / rowsEach)]; }

  /// The most that is left of an output.
  double largestOutput() const {
    double largest = 0;
    auto each = static_cast<size_t>(rowsEach * columns);
    for (size_t first = 0; first < values.size(); first += each) {
      double sum = 0;
      for (size_t k = first; k < first + each; ++k)
        sum += std::fabs(values[k]);
      largest = std::max(largest, sum);
    }
    return largest;
  }
};

/// Gaussian elimination with complete pivoting, until little enough is left.
struct Elimination {
  std::vector<int64_t> pivots;                   ///< rows, in their order
  std::vector<std::vector<double>> eliminations; ///< by pivot, how often it was taken off each row

  Elimination(LineMatrix &matrix, int64_t most, double tolerance) {
    most = std::min({most, matrix.rows, matrix.columns});
    while (static_cast<int64_t>(pivots.size()) < most && matrix.largestOutput() > tolerance) {
      auto largest =
          std::max_element(matrix.values.begin(), matrix.values.end(),
                           [](double a, double b) { return std::fabs(a) < std::fabs(b); });
      int64_t at = largest - matrix.values.begin();
      takeOff(matrix, at / matrix.columns, at % matrix.columns);
    }
  }

  /// Every row as a combination of the pivots' rows as they were: [rows][pivots].
  std::vector<std::vector<double>> combinations(int64_t rows) const {
    size_t rank = pivots.size();
    std::vector<std::vector<double>> result(static_cast<size_t>(rows), std::vector<double>(rank));
    for (size_t row = 0; row < result.size(); ++row)
      for (size_t p = rank; p-- > 0;) {
        double share = eliminations[p][row];
        for (size_t q = p + 1; q < rank; ++q)
          share -= result[row][q] * eliminations[p][static_cast<size_t>(pivots[q])];
        result[row][p] = share;
      }
    return result;
  }

private:
  void takeOff(LineMatrix &matrix, int64_t pivot, int64_t column) {
    std::vector<double> line(matrix.row(pivot), matrix.row(pivot) + matrix.columns), shares;
    for (int64_t row = 0; row < matrix.rows; ++row) {
      double *values = matrix.row(row), share = values[column] / line[static_cast<size_t>(column)];
      shares.push_back(share);
      if (share == 0)
        continue;
      for (size_t k = 0; k < line.size(); ++k)
        values[k] -= share * line[k];
    }
    pivots.push_back(pivot);
    eliminations.push_back(std::move(shares));
  }
};

/// So many of the rows, or columns, evenly spaced among those that are not all zero.
std::vector<int64_t> someOf(const std::vector<bool> &isNonzero, int64_t count) {
  std::vector<int64_t> all, some;
  for (size_t k = 0; k < isNonzero.size(); ++k)
    if (isNonzero[k])
      all.push_back(static_cast<int64_t>(k));
  auto size = static_cast<int64_t>(all.size());
  for (int64_t k = 0; k < count && count <= size; ++k)
    some.push_back(all[static_cast<size_t>(k * size / count)]);
  return some;
}

/// Whether a square matrix is clearly regular: no pivot is near what roundings of f32, or of what
/// it is stored in, leave.
bool isRegular(std::vector<std::vector<double>> rows, double roundoff) {
  const double nearNothing = std::max(1e-4, 16 * roundoff);
  double largest = 0;
  for (size_t k = 0; k < rows.size(); ++k) {
    auto pivot = std::max_element(
        rows.begin() + static_cast<std::ptrdiff_t>(k), rows.end(),
        [&](const auto &a, const auto &b) { return std::fabs(a[k]) < std::fabs(b[k]); });
    std::swap(rows[k], *pivot);
    largest = std::max(largest, std::fabs(rows[k][k]));
    if (!(std::fabs(rows[k][k]) > nearNothing * largest))
      return false;
    for (size_t row = k + 1; row < rows.size(); ++row) {
      double share = rows[row][k] / rows[k][k];
      for (size_t column = k; column < rows.size(); ++column)
        rows[row][column] -= share * rows[k][column];
    }
  }
  return true;
}

} // namespace

SeparableShape withOwnLines(const SeparableShape &shape) {
  SeparableShape own = shape;
  if (shape.groups > 1 && shape.inputs == 1)
    own.groups = shape.outputs;
  return own;
}

LowRankFactors factorise(const SeparableShape &given, std::span<const double> filter, int64_t most,
                         double tolerance) {
  const SeparableShape shape = withOwnLines(given);
  std::vector<LineMatrix> groups;
  std::vector<Elimination> eliminations;
  LowRankFactors factors;
  for (int64_t group = 0; group < shape.groups; ++group) {
    LineMatrix left = groups.emplace_back(shape, filter, group);
    eliminations.emplace_back(left, most, tolerance);
    factors.rank = std::max(factors.rank, static_cast<int64_t>(eliminations.back().pivots.size()));
  }
  auto rank = static_cast<size_t>(factors.rank);
  for (size_t group = 0; group < groups.size(); ++group) {
    LineMatrix &matrix = groups[group];
    const std::vector<int64_t> &pivots = eliminations[group].pivots;
    std::vector<std::vector<double>> shares = eliminations[group].combinations(matrix.rows);
    for (int64_t row = 0; row < matrix.rows; row += matrix.rowsEach)
      for (size_t r = 0; r < rank; ++r)
        for (int64_t tap = row; tap < row + matrix.rowsEach; ++tap)
          factors.rest.push_back(r < pivots.size()
                                     ? shares[static_cast<size_t>(tap)][r] * matrix.scaleOf(row) /
                                           matrix.scaleOf(pivots[r])
                                     : 0);
    for (int64_t pivot : pivots)
      for (int64_t k = 0; k < matrix.columns; ++k)
        factors.lines.push_back(matrix.row(pivot)[k] * matrix.scaleOf(pivot));
    factors.lines.resize((group + 1) * rank * static_cast<size_t>(matrix.columns));
  }
  return factors;
}

LowRankFactors LowRankFactors::widenedTo(int64_t wanted, const SeparableShape &shape) const {
  auto widen = [&](const std::vector<double> &values, int64_t count, int64_t each) {
    std::vector<double> wide(static_cast<size_t>(count * wanted * each));
    for (int64_t n = 0; n < count; ++n)
      std::copy_n(values.begin() + n * rank * each, rank * each, wide.begin() + n * wanted * each);
    return wide;
  };
  return {.rank = wanted,
          .rest = widen(rest, shape.outputs, shape.restTaps()),

          .lines = widen(lines, withOwnLines(shape).groups, shape.inputs * shape.sharedTaps())};
}

bool clearlyExceedsRank(const SeparableShape &given, std::span<const double> filter, int64_t most) {
  LineMatrix matrix(withOwnLines(given), filter, 0);
  std::vector<bool> hasRow(static_cast<size_t>(matrix.rows)),
      hasColumn(static_cast<size_t>(matrix.columns));
  for (size_t row = 0; row < hasRow.size(); ++row)
    for (size_t column = 0; column < hasColumn.size(); ++column)
      if (matrix.values[row * hasColumn.size() + column] != 0)
        hasRow[row] = hasColumn[column] = true;
  std::vector<int64_t> rows = someOf(hasRow, most + 1), columns = someOf(hasColumn, most + 1);
  if (rows.empty() || columns.empty())
    return false;
  std::vector<std::vector<double>> square;
  for (int64_t row : rows) {
    std::vector<double> &values = square.emplace_back();
    for (int64_t column : columns)
      values.push_back(matrix.row(row)[column]);
  }
  return isRegular(std::move(square), given.roundoff);
}

LowRankError lowRankError(const SeparableShape &given, std::span<const double> filter,
                          const LowRankFactors &factors) {
  const SeparableShape shape = withOwnLines(given);
  int64_t outputs = shape.outputs / shape.groups;
  LowRankError error;
  for (int64_t o = 0; o < shape.outputs; ++o) {
    double wrong = 0, grown = 0, all = 0;
    for (int64_t i = 0; i < shape.inputs; ++i)
      for (int64_t rest = 0; rest < shape.restTaps(); ++rest)
        for (int64_t k = 0; k < shape.sharedTaps(); ++k) {
          double weight = filter[static_cast<size_t>(
              (o * shape.inputs + i) * shape.height * shape.width + shape.tapAt(rest, k))];
          double sum = 0;
          for (int64_t r = 0; r < factors.rank; ++r) {
            int64_t line = (o / outputs * factors.rank + r) * shape.inputs + i,
                    own = (o * factors.rank + r) * shape.restTaps() + rest;
            double product =
                shape.kept(factors.rest[static_cast<size_t>(own)]) *
                shape.kept(factors.lines[static_cast<size_t>(line * shape.sharedTaps() + k)]);
            sum += product;
            grown += std::fabs(product);
          }
          wrong += std::fabs(weight - sum);
          all += std::fabs(weight);
        }
    if (wrong > 0)
      error.missed = std::max(error.missed, wrong / all);
    if (grown > 0)
      error.growth = std::max(error.growth, grown / all);
  }
  return error;
}

std::vector<double> OutputBlocks::store(std::span<const double> values) const {
  std::vector<double> stored(static_cast<size_t>(size()));
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < inner; ++i)
      for (int64_t tap = 0; tap < taps; ++tap)
        stored[static_cast<size_t>(((o / block * taps + tap) * inner + i) * block + o % block)] =
            values[static_cast<size_t>((o * inner + i) * taps + tap)];
  return stored;
}

LowRankBlocks::LowRankBlocks(const SeparableShape &given, int64_t rank)
    : rest{.outputs = given.outputs, .inner = rank, .taps = given.restTaps()},
      lines{.outputs = given.groups * rank, .inner = given.inputs, .taps = given.sharedTaps()} {
  if (given.groups > 1 && given.inputs == 1)
    lines = {.outputs = given.outputs, .inner = rank, .taps = given.sharedTaps()};
}

std::vector<double> LowRankBlocks::store(const LowRankFactors &factors) const {
  std::vector<double> all = rest.store(factors.rest), behind = lines.store(factors.lines);
  all.insert(all.end(), behind.begin(), behind.end());
  return all;
}

} // namespace quern::ir
