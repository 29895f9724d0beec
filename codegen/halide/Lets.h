#pragma once

#include <Halide.h>

namespace quern::codegen {

/// Simplified, without lets of its own: no constant bound is found of an expression that holds
/// some, and two of one name, as in ends of a loop that are added up, are an error to Halide's
/// simplifier.
inline Halide::Expr withoutLets(const Halide::Expr &expression) {
  return Halide::Internal::simplify(Halide::Internal::substitute_in_all_lets(expression));
}

} // namespace quern::codegen
