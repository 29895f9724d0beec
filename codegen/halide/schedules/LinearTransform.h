#pragma once

#include "ir/conv/Rational.h"

#include <Halide.h>

#include <vector>

namespace quern::codegen {

/// The rows of matrix * inputs, written with few operations: rows that agree up to the signs of
/// some columns share both parts, and so do columns that agree up to the signs of some rows (the
/// even and the odd parts of interpolation at opposite points). Equal parts are equal expressions,
/// which code generation merges.
std::vector<Halide::Expr> applyMatrix(const ir::RationalMatrix &matrix,
                                      const std::vector<Halide::Expr> &inputs);

} // namespace quern::codegen
