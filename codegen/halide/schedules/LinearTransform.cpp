#include "codegen/halide/schedules/LinearTransform.h"

#include "ir/conv/LinearTransform.h"

namespace quern::codegen {
namespace {

using Halide::Expr;

struct OfExpressions {
  static Expr times(const ir::Rational &factor, const Expr &value) {
    return Halide::Internal::make_const(value.type(), factor.toDouble()) * value;
  }
  static Expr zero(const Expr &like) { return Halide::Internal::make_zero(like.type()); }
};

} // namespace

std::vector<Expr> applyMatrices(const std::vector<ir::RationalMatrix> &matrices,
                                std::vector<Expr> values) {
  return ir::LinearTransform<OfExpressions, Expr>::apply(matrices, std::move(values));
}

} // namespace quern::codegen
