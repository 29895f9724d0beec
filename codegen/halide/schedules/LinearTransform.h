#pragma once

#include "ir/conv/Rational.h"

#include <Halide.h>

#include <vector>

namespace quern::codegen {

/// The rows of the matrices applied to the inputs one after the other, written with few operations:
/// rows of a matrix that agree up to the signs of some columns share both parts, and so do columns
/// that agree up to the signs of some rows (the even and the odd parts of interpolation at opposite
/// points). Equal parts are equal expressions, which code generation merges.
std::vector<Halide::Expr> applyMatrices(const std::vector<ir::RationalMatrix> &matrices,
                                        std::vector<Halide::Expr> values);

} // namespace quern::codegen
