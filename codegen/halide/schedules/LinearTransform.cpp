#include "codegen/halide/schedules/LinearTransform.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Expr;
using ir::Rational;
using ir::RationalMatrix;

/// A sum of multiples of inputs.
struct Term {
  Rational factor;
  Expr value;
};

constexpr Rational one(1), minusOne(-1);

Expr times(const Rational &factor, const Expr &value) {
  return factor == one ? value
                       : Halide::Internal::make_const(value.type(), factor.toDouble()) * value;
}

/// The sum, with subtractions for factors of -1; undefined where there is nothing to add.
Expr sum(const std::vector<Term> &terms) {
  Expr result;
  auto add = [&](const Term &term) {
    if (!result.defined())
      result = term.factor == minusOne ? -term.value : times(term.factor, term.value);
    else if (term.factor == minusOne)
      result = result - term.value;
    else
      result = result + times(term.factor, term.value);
  };
  // Begin with one that needs no sign.
  auto first = std::ranges::find(terms, one, &Term::factor);
  if (first != terms.end())
    add(*first);
  for (auto term = terms.begin(); term != terms.end(); ++term)
    if (term != first)
      add(*term);
  return result;
}

/// factor * value, with the factor of the last term taken out of all where that is exact.
Term factored(const std::vector<Term> &terms) {
  Rational factor = terms.back().factor;
  std::vector<Term> divided;
  for (const Term &term : terms) {
    divided.push_back({term.factor / factor, term.value});
    if (!divided.back().factor.isExactInFloat())
      return {one, sum(terms)};
  }
  return {factor, sum(divided)};
}

/// Whether column b equals column a up to sign in each row, with both signs occurring.
bool oppositeColumns(const RationalMatrix &matrix, int64_t a, int64_t b) {
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
std::vector<std::vector<Term>> rowsOf(const RationalMatrix &matrix,
                                      const std::vector<Expr> &inputs) {
  std::vector<std::vector<Term>> rows(static_cast<size_t>(matrix.rows()));
  std::vector<bool> done(inputs.size(), false);
  for (int64_t a = 0; a < matrix.columns(); ++a) {
    auto at = static_cast<size_t>(a);
    if (done[at])
      continue;
    int64_t b = a + 1;
    while (b < matrix.columns() && (done[static_cast<size_t>(b)] || !oppositeColumns(matrix, a, b)))
      ++b;
    bool paired = b < matrix.columns();
    if (paired)
      done[static_cast<size_t>(b)] = true;
    for (int64_t i = 0; i < matrix.rows(); ++i) {
      if (matrix(i, a).isZero())
        continue;
      Expr value = inputs[at];
      if (paired)
        value = matrix(i, a) == matrix(i, b) ? value + inputs[static_cast<size_t>(b)]
                                             : value - inputs[static_cast<size_t>(b)];
      rows[static_cast<size_t>(i)].push_back({matrix(i, a), value});
    }
  }
  return rows;
}

/// If rows a and b agree up to the signs of some terms: those with equal signs and the others.
bool splitOpposite(const RationalMatrix &matrix, const std::vector<Expr> &inputs, int64_t a,
                   int64_t b, std::vector<Term> &equal, std::vector<Term> &opposite) {
  equal.clear();
  opposite.clear();
  for (int64_t j = 0; j < matrix.columns(); ++j) {
    if (matrix(a, j).isZero() && matrix(b, j).isZero())
      continue;
    const Expr &value = inputs[static_cast<size_t>(j)];
    if (matrix(a, j) == matrix(b, j))
      equal.push_back({matrix(a, j), value});
    else if (matrix(a, j) == -matrix(b, j))
      opposite.push_back({matrix(a, j), value});
    else
      return false;
  }
  return !equal.empty() && !opposite.empty();
}

std::vector<Expr> applyMatrix(const RationalMatrix &matrix, const std::vector<Expr> &inputs) {
  std::vector<std::vector<Term>> rows = rowsOf(matrix, inputs);
  std::vector<Expr> result(rows.size());
  std::vector<Term> equal, opposite;
  for (int64_t a = 0; a < matrix.rows(); ++a) {
    Expr &here = result[static_cast<size_t>(a)];
    for (int64_t b = a + 1; b < matrix.rows() && !here.defined(); ++b) {
      Expr &there = result[static_cast<size_t>(b)];
      if (there.defined() || !splitOpposite(matrix, inputs, a, b, equal, opposite))
        continue;
      Expr even = sum(equal);
      Term odd = factored(opposite);
      here = even + times(odd.factor, odd.value);
      there = even - times(odd.factor, odd.value);
    }
    if (!here.defined())
      here = sum(rows[static_cast<size_t>(a)]);
    if (!here.defined())
      here = Halide::Internal::make_zero(inputs.front().type());
  }
  return result;
}

} // namespace

std::vector<Expr> applyMatrices(const std::vector<RationalMatrix> &matrices,
                                std::vector<Expr> values) {
  for (const RationalMatrix &matrix : matrices)
    values = applyMatrix(matrix, values);
  return values;
}

} // namespace quern::codegen
