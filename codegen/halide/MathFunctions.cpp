#include "codegen/halide/MathFunctions.h"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

// The polynomials are minimax fits (Lawson's iteration in double precision) on the intervals named
// beside them.

namespace quern::codegen {

using Halide::cast;
using Halide::Expr;
using Halide::Float;
using Halide::Int;
using Halide::select;

namespace {

bool isDouble(const Expr &x) { return x.type().bits() == 64; }

/// The sum of coefficients[i] * x^i.
Expr polynomial(const Expr &x, const std::vector<float> &coefficients) {
  Expr sum = coefficients.back();
  for (size_t i = coefficients.size() - 1; i-- > 0;)
    sum = sum * x + coefficients[i];
  return sum;
}

Expr infinity() { return Expr(std::numeric_limits<float>::infinity()); }

/// `result`, but NaN where x is: comparisons with NaN above may have gone either way.
Expr keepNan(const Expr &x, const Expr &result) { return select(Halide::is_nan(x), x, result); }

/// e^x for x that is no NaN. Results below 2e-38 become 0.
Expr expOfNumber(const Expr &x) {
  constexpr float log2e = 1.44269504088896341F;
  // ln 2 in two parts; the product of the first with any n in question is exact.
  constexpr float ln2High = 0.693359375F, ln2Low = -2.12194440e-4F;
  constexpr float smallest = -87.0F, largest = 88.7228317F;
  Expr clamped = Halide::clamp(x, smallest, largest);
  Expr n = Halide::floor(clamped * log2e + 0.5F);
  Expr r = (clamped - n * ln2High) - n * ln2Low;
  // On [-ln 2 / 2, ln 2 / 2].
  Expr p = polynomial(r, {1.0F, 1.000000037e+00F, 4.999999203e-01F, 1.666641919e-01F,
                          4.166823181e-02F, 8.374898491e-03F, 1.383674184e-03F});
  // Times 2^n, in the bits: a product with infinity on the way is what Halide's arithmetic, which
  // believes in no infinities, may turn into NaN.
  Expr value =
      Halide::reinterpret(Float(32), Halide::reinterpret(Int(32), p) + (cast(Int(32), n) << 23));
  return select(Halide::strict_float(x < smallest), 0.0F, Halide::strict_float(largest < x),
                infinity(), value);
}

struct Logarithm {
  Expr exponent; ///< an integer, as float
  Expr fraction; ///< of a number in [sqrt(1/2), sqrt(2)): ln(that) - that + 1
  Expr mantissa; ///< that number less 1
};

/// x = 2^exponent * (1 + mantissa), for positive finite x.
Logarithm splitLog(const Expr &x) {
  // Subnormals are scaled into range first.
  Expr small = x < 1.17549435e-38F;
  Expr scaled = select(small, x * 8388608.0F, x);
  Expr bits = Halide::reinterpret(Int(32), scaled);
  constexpr int sqrtHalf = 0x3f3504f3;
  Expr exponent = (bits - sqrtHalf) >> 23;
  Expr f = Halide::reinterpret(Float(32), bits - (exponent << 23)) - 1.0F;
  // On [sqrt(1/2) - 1, sqrt(2) - 1].
  Expr p =
      polynomial(f, {3.333333171e-01F, -2.500082104e-01F, 2.000122689e-01F, -1.662335707e-01F,
                     1.420175745e-01F, -1.316018464e-01F, 1.276158234e-01F, -7.634497307e-02F});
  return {cast(Float(32), exponent) - select(small, 23.0F, 0.0F), f * f * (f * p - 0.5F), f};
}

/// sin(x + quarters * pi / 2).
Expr sine(const Expr &x, int quarters) {
  // In double precision, which is exact enough for any x below 2^31. pi / 2 comes in parts that are
  // floats: OpenCL gets constants in that precision only, and products with such parts are exact.
  constexpr float halfPiHigh = 1.57079637050628662109375F, halfPiMiddle = -4.37113883e-8F,
                  halfPiLow = -1.71512451e-15F;
  constexpr float perHalfPi = 0.636619772F;
  Expr wide = cast(Float(64), x);
  Expr n = Halide::floor(wide * Expr(double{perHalfPi}) + Expr(0.5));
  Expr r =
      cast(Float(32), ((wide - n * Expr(double{halfPiHigh})) - n * Expr(double{halfPiMiddle})) -
                          n * Expr(double{halfPiLow}));
  Expr t = r * r;
  Expr quadrant = cast(Int(32), n) + quarters;
  // On [-pi / 4, pi / 4].
  Expr s = r + r * t * polynomial(t, {-1.666665491e-01F, 8.332175843e-03F, -1.951697701e-04F});
  Expr c = 1.0F - 0.5F * t +
           t * t * polynomial(t, {4.166664681e-02F, -1.388736448e-03F, 2.443809042e-05F});
  Expr value = select((quadrant & 1) == 0, s, c);
  Expr finite = select((quadrant & 2) == 0, value, -value);
  // An infinite angle has no sine.
  return select(Halide::is_finite(x), finite, std::numeric_limits<float>::quiet_NaN());
}

} // namespace

Expr expOf(const Expr &x) {
  if (isDouble(x))
    return Halide::exp(x);
  return keepNan(x, expOfNumber(x));
}

Expr logOf(const Expr &x) {
  if (isDouble(x))
    return Halide::log(x);
  constexpr float ln2High = 0.693359375F, ln2Low = -2.12194440e-4F;
  Logarithm part = splitLog(x);
  Expr value = part.exponent * ln2Low + part.fraction + part.mantissa + part.exponent * ln2High;
  Expr nan = std::numeric_limits<float>::quiet_NaN();
  Expr special = select(x == 0.0F, -infinity(), select(x < 0.0F, nan, x));
  return select(Halide::is_finite(x) && x > 0.0F, value, special);
}

Expr tanhOf(const Expr &x) {
  if (isDouble(x))
    return Halide::tanh(x);
  Expr magnitude = Halide::abs(x), t = x * x;
  // On [0, 0.4] of x^2.
  Expr small = x + x * t *
                       polynomial(t, {-3.333327832e-01F, 1.333132895e-01F, -5.372922932e-02F,
                                      2.060200539e-02F, -5.660786410e-03F});
  // Beyond 10 it is 1; the exponential stays finite.
  Expr large = 1.0F - 2.0F / (expOfNumber(Halide::min(2.0F * magnitude, 20.0F)) + 1.0F);
  return keepNan(x, select(magnitude < 0.625F, small, select(x < 0.0F, -large, large)));
}

Expr sigmoidOf(const Expr &x) {
  if (isDouble(x))
    return Expr(1.0) / (Expr(1.0) + Halide::exp(-x));
  // Of -|x|, so that nothing overflows and small results keep their precision.
  Expr e = expOfNumber(-Halide::abs(x));
  return keepNan(x, select(x < 0.0F, e, 1.0F) / (1.0F + e));
}

Expr erfOf(const Expr &x) {
  if (isDouble(x))
    return Halide::Internal::Call::make(Float(64), "erf", {x}, Halide::Internal::Call::PureExtern);
  Expr magnitude = Halide::abs(x), t = x * x;
  // On [0, 1] of x^2.
  Expr small =
      x * polynomial(t, {1.128379166e+00F, -3.761262582e-01F, 1.128358515e-01F, -2.685381196e-02F,
                         5.188327707e-03F, -8.010193660e-04F, 7.853861047e-05F});
  // ln(erfc) on [1, 4]; from 4 on erf is 1 in f32.
  Expr far = Halide::min(magnitude, 4.0F);
  Expr large =
      1.0F - expOfNumber(polynomial(far, {1.990061291e-04F, -1.129634191e+00F, -6.330980077e-01F,
                                          -1.085680263e-01F, 2.532063551e-02F, -4.257603602e-03F,
                                          4.566759999e-04F, -2.417118790e-05F, 1.724677518e-07F}));
  return keepNan(x, select(magnitude < 1.0F, small, select(x < 0.0F, -large, large)));
}

Expr sinOf(const Expr &x) { return isDouble(x) ? Halide::sin(x) : sine(x, 0); }
Expr cosOf(const Expr &x) { return isDouble(x) ? Halide::cos(x) : sine(x, 1); }

Expr powOf(const Expr &x, const Expr &y) {
  if (std::optional<double> constant = Halide::Internal::as_const_float(y)) {
    double exponent = *constant;
    if (exponent == 0.5)
      return Halide::sqrt(x);
    if (exponent == -0.5)
      return cast(x.type(), 1.0F) / Halide::sqrt(x);
    if (exponent == std::floor(exponent) && std::fabs(exponent) <= 8) {
      Expr power = cast(x.type(), 1.0F);
      for (int i = 0; i < static_cast<int>(std::fabs(exponent)); ++i)
        power = i == 0 ? x : power * x;
      return exponent < 0 ? cast(x.type(), 1.0F) / power : power;
    }
  }
  if (isDouble(x))
    return Halide::pow(x, y);
  // In double precision: y times the logarithm of x may be large, and its error is the power's
  // relative error.
  return cast(Float(32), Halide::pow(cast(Float(64), x), cast(Float(64), y)));
}

Expr maxOf(const Expr &a, const Expr &b) {
  if (!a.type().is_float())
    return Halide::max(a, b);
  return select(Halide::is_nan(a) || Halide::strict_float(b < a), a, b);
}

Expr minOf(const Expr &a, const Expr &b) {
  if (!a.type().is_float())
    return Halide::min(a, b);
  return select(Halide::is_nan(a) || Halide::strict_float(a < b), a, b);
}

namespace {
/// Turns the magnitude of negative numbers around; its own inverse.
Expr flipNegative(const Expr &bits) {
  int sign = bits.type().bits() - 1;
  return bits ^ ((bits >> sign) & bits.type().max());
}
} // namespace

Expr orderedKey(const Expr &x, bool nanHigh) {
  Halide::Type type = Int(x.type().bits());
  return select(Halide::is_nan(x), nanHigh ? type.max() : type.min(),
                flipNegative(Halide::reinterpret(type, x)));
}

Expr fromOrderedKey(const Expr &key) {
  return Halide::reinterpret(Float(key.type().bits()), flipNegative(key));
}

Expr lowestOf(Halide::Type type) { return type.is_float() ? cast(type, -infinity()) : type.min(); }

Expr highestOf(Halide::Type type) { return type.is_float() ? cast(type, infinity()) : type.max(); }

} // namespace quern::codegen
