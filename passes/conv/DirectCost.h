// The cost of sums that are computed product by product, which im2col shares with direct
// convolution.
#pragma once

#include "passes/conv/ConvAlgorithm.h"

namespace quern::passes {

/// Share of the fetching of weights that the arithmetic of direct sums does not hide
/// (bench/conv/choice.md).
inline constexpr double exposedFetchOfSums = 0.30;

/// Microseconds for all products, by arithmetic and by traffic.
double directMicroseconds(const ConvShape &shape, const Machine &machine);

/// Error of a sum of products in any order: gamma_n sum |x w| (Higham, section 3.1), by unit
/// roundoff `u`.
double directErrorBound(const ConvShape &shape, double u);

/// The sums of a sample in the order of (tap, channel), by multiply-adds.
std::vector<float> sumsInOrder(const SampleConv &sample);

} // namespace quern::passes
