#pragma once

#include "ir/Quern.h"

#include <Halide.h>

namespace quern::codegen {

/// How a reduction of a kind starts and goes on. A mean is a sum; its division is the caller's.
struct Combine {
  Halide::Expr neutral;
  Halide::Expr (*join)(const Halide::Expr &, const Halide::Expr &);
};

/// Of elements of `type`. A NaN among the elements makes the result NaN.
Combine combineOf(ir::ReduceKind kind, Halide::Type type);

} // namespace quern::codegen
