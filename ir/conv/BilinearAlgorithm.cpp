#include "ir/conv/BilinearAlgorithm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace quern::ir {

namespace {

double rowSum(const RationalMatrix &matrix, int64_t row) {
  double sum = 0;
  for (int64_t j = 0; j < matrix.columns(); ++j)
    sum += std::abs(matrix(row, j).toDouble());
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
          .inputTransform = {products, inputs},
          .filterTransform = {products, taps},
          .outputTransform = {outputs, products}};
}

} // namespace

bool BilinearAlgorithm::verify() const {
  for (int64_t i = 0; i < outputs; ++i)
    for (int64_t k = 0; k < taps; ++k)
      for (int64_t j = 0; j < inputs; ++j) {
        Rational sum;
        for (int64_t a = 0; a < products; ++a)
          sum += outputTransform(i, a) * filterTransform(a, k) * inputTransform(a, j);
        if (sum != Rational(j == i + k ? 1 : 0))
          return false;
      }
  return true;
}

double BilinearAlgorithm::errorFactor() const {
  double worst = 0;
  for (int64_t i = 0; i < outputs; ++i)
    for (int64_t k = 0; k < taps; ++k) {
      double sum = 0;
      for (int64_t a = 0; a < products; ++a)
        sum += std::abs(outputTransform(i, a).toDouble() * filterTransform(a, k).toDouble()) *
               rowSum(inputTransform, a);
      worst = std::max(worst, sum);
    }
  return worst;
}

double BilinearAlgorithm::errorSpread(int64_t product) const {
  double shown = 0;
  for (int64_t i = 0; i < outputs; ++i)
    shown += std::pow(outputTransform(i, product).toDouble(), 2);
  return shown * rowSquares(inputTransform, product);
}

double BilinearAlgorithm::typicalErrorFactor() const {
  double sum = 0;
  for (int64_t a = 0; a < products; ++a)
    sum += errorSpread(a) * rowSquares(filterTransform, a);
  return std::sqrt(sum / static_cast<double>(outputs * taps));
}

int64_t BilinearAlgorithm::transformRoundings() const {
  return roundings(inputTransform) + roundings(outputTransform);
}

BilinearAlgorithm directAlgorithm(int64_t outputs, int64_t taps) {
  requireSizes(outputs, taps);
  BilinearAlgorithm result = empty(outputs, taps, outputs * taps);
  for (int64_t i = 0; i < outputs; ++i)
    for (int64_t k = 0; k < taps; ++k) {
      int64_t a = i * taps + k;
      result.inputTransform(a, i + k) = 1;
      result.filterTransform(a, k) = 1;
      result.outputTransform(i, a) = 1;
    }
  return result;
}

BilinearAlgorithm cookToom(int64_t outputs, int64_t taps, std::span<const Rational> points) {
  requireSizes(outputs, taps);
  BilinearAlgorithm result = empty(outputs, taps, outputs + taps - 1);
  auto finite = static_cast<size_t>(result.products - 1);
  if (points.size() != finite)
    throw std::invalid_argument("Cook-Toom needs outputs + taps - 2 finite points");
  for (size_t a = 0; a <= finite; ++a) {
    auto row = static_cast<int64_t>(a);
    std::vector<Rational> basis = monicProduct(points, a); // at infinity nothing is left out
    for (size_t j = 0; j < basis.size(); ++j)
      result.inputTransform(row, static_cast<int64_t>(j)) = basis[j];
    if (a == finite) {
      result.filterTransform(row, taps - 1) = 1;
      result.outputTransform(outputs - 1, row) = 1;
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
        result.outputTransform(i, row) = power;
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
