// Which output channels suffer most when a convolution's sums are rounded, told from the weights
// alone: a sample that looks at these has seen the worst.
#pragma once

#include "passes/conv/SampleConv.h"

namespace quern::passes {

/// For each output channel, its expected error on random inputs relative to its largest output;
/// only how these compare matters. `energies` has for each filter [outputs][...] the squares of the
/// terms of a sum in the order in which they are added, transformed and weighted as an algorithm
/// does (ConvAlgorithm::energies).
std::vector<double> exposures(const FilterView &filter, llvm::ArrayRef<double> energies);

} // namespace quern::passes
