#pragma once

#include "ir/conv/Rational.h"

#include <Halide.h>

#include <vector>

namespace quern::codegen {

/// The rows of the matrices applied to the inputs one after the other, as ir::LinearTransform
/// writes them. Equal parts are equal expressions, which code generation merges.
std::vector<Halide::Expr> applyMatrices(const std::vector<ir::RationalMatrix> &matrices,
                                        std::vector<Halide::Expr> values);

} // namespace quern::codegen
