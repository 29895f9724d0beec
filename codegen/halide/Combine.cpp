#include "codegen/halide/Combine.h"

#include "codegen/halide/MathFunctions.h"

namespace quern::codegen {
namespace {

using Halide::Expr;

Expr add(const Expr &a, const Expr &b) { return a + b; }
Expr multiply(const Expr &a, const Expr &b) { return a * b; }

} // namespace

Combine combineOf(ir::ReduceKind kind, Halide::Type type) {
  switch (kind) {
  case ir::ReduceKind::sum:
  case ir::ReduceKind::mean:
    return {Halide::Internal::make_zero(type), add};
  case ir::ReduceKind::max:
    return {lowestOf(type), maxOf};
  case ir::ReduceKind::min:
    return {highestOf(type), minOf};
  case ir::ReduceKind::prod:
    return {Halide::Internal::make_one(type), multiply};
  }
  return {Halide::Internal::make_zero(type), add};
}

} // namespace quern::codegen
