#include "ir/conv/BilinearAlgorithm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace quern::ir {

namespace {

/// What `steps` do together, the first applied first.
RationalMatrix combined(const std::vector<RationalMatrix> &steps) {
  RationalMatrix result = steps.front();
  for (const RationalMatrix &next : std::span(steps).subspan(1))
    result = next * result;
  return result;
}

/// An upper bound of their absolute values, however sums cancel: the product of absolute matrices.
RationalMatrix combinedAbsolute(const std::vector<RationalMatrix> &steps) {
  std::vector<RationalMatrix> absolute;
  for (const RationalMatrix &step : steps)
    absolute.push_back(step.absolute());
  return combined(absolute);
}

double rowSum(const RationalMatrix &matrix, int64_t row) {
  double sum = 0;
  for (int64_t j = 0; j < matrix.columns(); ++j)
    sum += matrix(row, j).toDouble();
  return sum;
}

double rowSquares(const RationalMatrix &matrix, int64_t row) {
  double sum = 0;
  for (int64_t j = 0; j < matrix.columns(); ++j)
    sum += std::pow(matrix(row, j).toDouble(), 2);
  return sum;
}

/// The most entries other than 0 of a row: a summand is multiplied once and passes one addition
/// fewer than there are entries. One more where a coefficient had to be rounded.
int64_t roundings(const RationalMatrix &matrix) {
  int64_t most = 0, rounded = 0;
  for (int64_t i = 0; i < matrix.rows(); ++i) {
    int64_t entries = 0;
    for (int64_t j = 0; j < matrix.columns(); ++j) {
      entries += matrix(i, j).isZero() ? 0 : 1;
      if (!matrix(i, j).isExactInFloat())
        rounded = 1;
    }
    most = std::max(most, entries);
  }
  return most + rounded;
}

/// `matrix` for each of `count` blocks: of the columns, block i reads those from `step` * i on, as
/// far as there are `columns` of them.
RationalMatrix blockwise(const RationalMatrix &matrix, int64_t count, int64_t step,
                         int64_t columns) {
  RationalMatrix result(count * matrix.rows(), columns);
  for (int64_t block = 0; block < count; ++block)
    for (int64_t i = 0; i < matrix.rows(); ++i)
      for (int64_t j = 0; j < matrix.columns() && step * block + j < columns; ++j)
        result(block * matrix.rows() + i, step * block + j) = matrix(i, j);
  return result;
}

/// `matrix` across blocks of `length` elements, place by place.
RationalMatrix across(const RationalMatrix &matrix, int64_t length) {
  RationalMatrix result(matrix.rows() * length, matrix.columns() * length);
  for (int64_t i = 0; i < matrix.rows(); ++i)
    for (int64_t j = 0; j < matrix.columns(); ++j)
      for (int64_t place = 0; place < length; ++place)
        result(i * length + place, j * length + place) = matrix(i, j);
  return result;
}

void requireSizes(int64_t outputs, int64_t taps) {
  if (outputs < 1 || taps < 1)
    throw std::invalid_argument("an algorithm needs outputs and taps");
}

/// Coefficients, lowest first, of the product of (x - p) over all points but the one at `left`.
std::vector<Rational> monicProduct(std::span<const Rational> points, size_t left) {
  std::vector<Rational> result{Rational(1)};
  for (size_t b = 0; b < points.size(); ++b) {
    if (b == left)
      continue;
    result.insert(result.begin(), Rational(0));
    for (size_t i = 0; i + 1 < result.size(); ++i)
      result[i] += -points[b] * result[i + 1];
  }
  return result;
}

BilinearAlgorithm empty(int64_t outputs, int64_t taps, int64_t products) {
  int64_t inputs = outputs + taps - 1;
  return {.outputs = outputs,
          .taps = taps,
          .inputs = inputs,
          .products = products,
          .inputTransform = {RationalMatrix(products, inputs)},
          .outputTransform = {RationalMatrix(outputs, products)},
          .filterTransform = {products, taps}};
}

} // namespace

bool BilinearAlgorithm::verify() const {
  RationalMatrix in = combined(inputTransform), out = combined(outputTransform);
  for (int64_t i = 0; i < outputs; ++i)
    for (int64_t k = 0; k < taps; ++k)
      for (int64_t j = 0; j < inputs; ++j) {
        Rational sum;
        for (int64_t a = 0; a < products; ++a)
          sum += out(i, a) * filterTransform(a, k) * in(a, j);
        if (sum != Rational(j == i + k ? 1 : 0))
          return false;
      }
  return true;
}

double BilinearAlgorithm::errorFactor() const {
  RationalMatrix in = combinedAbsolute(inputTransform), out = combinedAbsolute(outputTransform);
  double worst = 0;
  for (int64_t i = 0; i < outputs; ++i)
    for (int64_t k = 0; k < taps; ++k) {
      double sum = 0;
      for (int64_t a = 0; a < products; ++a)
        sum += out(i, a).toDouble() * std::abs(filterTransform(a, k).toDouble()) * rowSum(in, a);
      worst = std::max(worst, sum);
    }
  return worst;
}

std::vector<double> BilinearAlgorithm::errorSpreads() const {
  RationalMatrix in = combined(inputTransform), out = combined(outputTransform);
  std::vector<double> spreads;
  for (int64_t a = 0; a < products; ++a) {
    double shown = 0;
    for (int64_t i = 0; i < outputs; ++i)
      shown += std::pow(out(i, a).toDouble(), 2);
    spreads.push_back(shown * rowSquares(in, a));
  }
  return spreads;
}

double BilinearAlgorithm::typicalErrorFactor() const {
  double sum = 0;
  std::vector<double> spreads = errorSpreads();
  for (size_t a = 0; a < spreads.size(); ++a)
    sum += spreads[a] * rowSquares(filterTransform, static_cast<int64_t>(a));
  return std::sqrt(sum / static_cast<double>(outputs * taps));
}

int64_t BilinearAlgorithm::transformRoundings() const {
  int64_t count = 0;
  for (const std::vector<RationalMatrix> &steps : {inputTransform, outputTransform})
    for (const RationalMatrix &step : steps)
      count += roundings(step);
  return count;
}

BilinearAlgorithm directAlgorithm(int64_t outputs, int64_t taps) {
  requireSizes(outputs, taps);
  BilinearAlgorithm result = empty(outputs, taps, outputs * taps);
  RationalMatrix &in = result.inputTransform[0], &out = result.outputTransform[0];
  for (int64_t i = 0; i < outputs; ++i)
    for (int64_t k = 0; k < taps; ++k) {
      int64_t a = i * taps + k;
      in(a, i + k) = 1;
      result.filterTransform(a, k) = 1;
      out(i, a) = 1;
    }
  return result;
}

BilinearAlgorithm cookToom(int64_t outputs, int64_t taps, std::span<const Rational> points) {
  requireSizes(outputs, taps);
  BilinearAlgorithm result = empty(outputs, taps, outputs + taps - 1);
  RationalMatrix &in = result.inputTransform[0], &out = result.outputTransform[0];
  auto finite = static_cast<size_t>(result.products - 1);
  if (points.size() != finite)
    throw std::invalid_argument("Cook-Toom needs outputs + taps - 2 finite points");
  for (size_t a = 0; a <= finite; ++a) {
    auto row = static_cast<int64_t>(a);
    std::vector<Rational> basis = monicProduct(points, a); // at infinity nothing is left out
    for (size_t j = 0; j < basis.size(); ++j)
      in(row, static_cast<int64_t>(j)) = basis[j];
    if (a == finite) {
      result.filterTransform(row, taps - 1) = 1;
      out(outputs - 1, row) = 1;
      continue;
    }
    Rational scale(1), power(1);
    for (size_t b = 0; b < finite; ++b)
      if (b != a)
        scale *= points[a] - points[b];
    if (scale.isZero())
      throw std::invalid_argument("Cook-Toom needs distinct points");
    for (int64_t i = 0; i < std::max(outputs, taps); ++i, power *= points[a]) {
      if (i < outputs)
        out(i, row) = power;
      if (i < taps)
        result.filterTransform(row, i) = power / scale;
    }
  }
  return result;
}

BilinearAlgorithm cookToom(int64_t outputs, int64_t taps) {
  if (outputs == 1 || taps == 1)
    return directAlgorithm(outputs, taps);
  return cookToom(outputs, taps, choosePoints(outputs, taps));
}

BilinearAlgorithm nested(const BilinearAlgorithm &outer, const BilinearAlgorithm &inner,
                         int64_t taps) {
  int64_t length = inner.taps;
  if (inner.outputs != length || taps < 1 || taps > outer.taps * length)
    throw std::invalid_argument("an inner algorithm that does not fit the outer one");
  BilinearAlgorithm result = empty(outer.outputs * length, taps, outer.products * inner.products);
  result.inputTransform.clear();
  result.outputTransform.clear();
  // Blocks of the input overlap: each is `length` further on.
  int64_t step = length, columns = result.inputs;
  for (const RationalMatrix &matrix : inner.inputTransform) {
    result.inputTransform.push_back(blockwise(matrix, outer.inputs, step, columns));
    step = matrix.rows();
    columns = outer.inputs * step;
  }
  for (const RationalMatrix &matrix : outer.inputTransform)
    result.inputTransform.push_back(across(matrix, inner.products));
  for (const RationalMatrix &matrix : inner.outputTransform)
    result.outputTransform.push_back(
        blockwise(matrix, outer.products, matrix.columns(), outer.products * matrix.columns()));
  for (const RationalMatrix &matrix : outer.outputTransform)
    result.outputTransform.push_back(across(matrix, length));
  for (int64_t a = 0; a < result.products; ++a)
    for (int64_t k = 0; k < taps; ++k)
      result.filterTransform(a, k) = outer.filterTransform(a / inner.products, k / length) *
                                     inner.filterTransform(a % inner.products, k % length);
  return result;
}

double errorBound(std::span<const BilinearAlgorithm> axes, int64_t channels, double unitRoundoff) {
  // A summand passes at most `channels` roundings in a product over channels. Two more: U was
  // rounded, after a computation in double precision whose errors together are far below another.
  double steps = static_cast<double>(channels) + 2, factor = 1;
  for (const BilinearAlgorithm &axis : axes) {
    steps += static_cast<double>(axis.transformRoundings());
    factor *= axis.errorFactor();
  }
  double rounded = steps * unitRoundoff;
  return rounded < 1 ? factor * rounded / (1 - rounded) : std::numeric_limits<double>::infinity();
}

} // namespace quern::ir
