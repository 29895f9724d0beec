// Matrices of fractions applied to numbers, or to what stands for numbers, written with few
// operations: by the code generator to expressions, by simulations to the numbers of a sample, so
// that both round alike.
#pragma once

#include "ir/conv/Rational.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace quern::ir {

/// `Arithmetic` says what a Value is: Value has +, - and negation, and there are
///
///     static Value times(const Rational &factor, const Value &value);
///     static Value zero(const Value &like);
///
/// Rows of a matrix that agree up to the signs of some columns share both parts, and so do columns
/// that agree up to the signs of some rows (the even and the odd parts of interpolation at opposite
/// points).
template <typename Arithmetic, typename Value> class LinearTransform {
public:
  /// The rows of the matrices applied to the inputs one after the other.
  static std::vector<Value> apply(const std::vector<RationalMatrix> &matrices,
                                  std::vector<Value> values) {
    for (const RationalMatrix &matrix : matrices)
      values = LinearTransform(matrix, values).rows();
    return values;
  }

private:
  /// A multiple of an input.
  struct Term {
    Rational factor;
    Value value;
  };
  using Terms = std::vector<Term>;

  LinearTransform(const RationalMatrix &matrix, const std::vector<Value> &inputs)
      : matrix(matrix), inputs(inputs) {}

  static Value times(const Rational &factor, const Value &value) {
    return factor == Rational(1) ? value : Arithmetic::times(factor, value);
  }

  /// The sum, with subtractions for factors of -1; nothing where there is nothing to add.
  static std::optional<Value> sum(const Terms &terms) {
    std::optional<Value> result;
    auto add = [&](const Term &term) {
      bool isNegative = term.factor == Rational(-1);
      if (!result)
        result = isNegative ? Value(-term.value) : times(term.factor, term.value);
      else if (isNegative)
        result = Value(*result - term.value);
      else
        result = Value(*result + times(term.factor, term.value));
    };
    // Begin with one that needs no sign.
    auto first = std::ranges::find(terms, Rational(1), &Term::factor);
    if (first != terms.end())
      add(*first);
    for (auto term = terms.begin(); term != terms.end(); ++term)
      if (term != first)
        add(*term);
    return result;
  }

  /// The sum, with the factor of the last term taken out of all where that is exact.
  static Value factoredSum(const Terms &terms) {
    Rational factor = terms.back().factor;
    Terms divided;
    for (const Term &term : terms) {
      divided.push_back({term.factor / factor, term.value});
      if (!divided.back().factor.isExactInFloat())
        return *sum(terms);
    }
    return times(factor, *sum(divided));
  }

  /// Whether column b equals column a up to sign in each row, with both signs occurring.
  bool areOppositeColumns(int64_t a, int64_t b) const {
    bool same = false, opposite = false;
    for (int64_t i = 0; i < matrix.rows(); ++i) {
      if (matrix(i, a).isZero() && matrix(i, b).isZero())
        continue;
      if (matrix(i, a) == matrix(i, b))
        same = true;
      else if (matrix(i, a) == -matrix(i, b))
        opposite = true;
      else
        return false;
    }
    return same && opposite;
  }

  /// The terms of each row, opposite columns replaced by their sums and differences.
  std::vector<Terms> termsOfRows() const {
    std::vector<Terms> rows(static_cast<size_t>(matrix.rows()));
    std::vector<bool> done(inputs.size(), false);
    for (int64_t a = 0; a < matrix.columns(); ++a) {
      auto at = static_cast<size_t>(a);
      if (done[at])
        continue;
      int64_t b = a + 1;
      while (b < matrix.columns() && (done[static_cast<size_t>(b)] || !areOppositeColumns(a, b)))
        ++b;
      bool isPaired = b < matrix.columns();
      if (isPaired)
        done[static_cast<size_t>(b)] = true;
      for (int64_t i = 0; i < matrix.rows(); ++i) {
        if (matrix(i, a).isZero())
          continue;
        Value value = inputs[at];
        if (isPaired)
          value = matrix(i, a) == matrix(i, b) ? Value(value + inputs[static_cast<size_t>(b)])
                                               : Value(value - inputs[static_cast<size_t>(b)]);
        rows[static_cast<size_t>(i)].push_back({matrix(i, a), value});
      }
    }
    return rows;
  }

  /// If rows a and b agree up to the signs of some terms: those with equal signs and the others.
  bool splitOpposite(int64_t a, int64_t b, Terms &equal, Terms &opposite) const {
    equal.clear();
    opposite.clear();
    for (int64_t j = 0; j < matrix.columns(); ++j) {
      if (matrix(a, j).isZero() && matrix(b, j).isZero())
        continue;
      const Value &value = inputs[static_cast<size_t>(j)];
      if (matrix(a, j) == matrix(b, j))
        equal.push_back({matrix(a, j), value});
      else if (matrix(a, j) == -matrix(b, j))
        opposite.push_back({matrix(a, j), value});
      else
        return false;
    }
    return !equal.empty() && !opposite.empty();
  }

  std::vector<Value> rows() const {
    std::vector<Terms> terms = termsOfRows();
    std::vector<std::optional<Value>> result(terms.size());
    Terms equal, opposite;
    for (int64_t a = 0; a < matrix.rows(); ++a) {
      std::optional<Value> &here = result[static_cast<size_t>(a)];
      for (int64_t b = a + 1; b < matrix.rows() && !here; ++b) {
        std::optional<Value> &there = result[static_cast<size_t>(b)];
        if (there || !splitOpposite(a, b, equal, opposite))
          continue;
        Value even = *sum(equal), odd = factoredSum(opposite);
        here = Value(even + odd);
        there = Value(even - odd);
      }
      if (!here)
        here = sum(terms[static_cast<size_t>(a)]);
    }
    std::vector<Value> values;
    for (const std::optional<Value> &row : result)
      values.push_back(row ? *row : Arithmetic::zero(inputs.front()));
    return values;
  }

  const RationalMatrix &matrix;
  const std::vector<Value> &inputs;
};

} // namespace quern::ir
