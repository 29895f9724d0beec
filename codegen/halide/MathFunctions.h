// Functions of f32 that vectorise, keep NaN a NaN and stay within a few units in the last place.
// Halide's own exp and log lose NaN and infinities, and its tanh, erf, sin and cos call libm
// element by element; those serve f64.
#pragma once

#include <Halide.h>

namespace quern::codegen {

/// Each for f32 or f64 arguments.
Halide::Expr expOf(const Halide::Expr &x);
Halide::Expr logOf(const Halide::Expr &x);
Halide::Expr tanhOf(const Halide::Expr &x);
Halide::Expr sigmoidOf(const Halide::Expr &x);
Halide::Expr erfOf(const Halide::Expr &x);
Halide::Expr sinOf(const Halide::Expr &x);
Halide::Expr cosOf(const Halide::Expr &x);
/// x to the y; a negative x has a power only for integer y.
Halide::Expr powOf(const Halide::Expr &x, const Halide::Expr &y);

/// The larger and the smaller; NaN if either is. Of any type.
Halide::Expr maxOf(const Halide::Expr &a, const Halide::Expr &b);
Halide::Expr minOf(const Halide::Expr &a, const Halide::Expr &b);

/// An integer that orders as the float does, so that an integer max or min finds the float's; a NaN
/// is the largest (`nanHigh`) or the smallest of all. Integers combine in any order, which lets a
/// reduction be split.
Halide::Expr orderedKey(const Halide::Expr &x, bool nanHigh);
/// The float of a key.
Halide::Expr fromOrderedKey(const Halide::Expr &key);

/// What max and min start from: an infinity, or the type's extreme.
Halide::Expr lowestOf(Halide::Type type);
Halide::Expr highestOf(Halide::Type type);

} // namespace quern::codegen
