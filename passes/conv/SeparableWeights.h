// Made-up filters that come apart, for measurements where the weights are not known. Each is a
// number of the type that the shape's are stored in, so that none is rounded.
#pragma once

#include "ir/conv/SeparableFilter.h"

namespace quern::passes {

/// One row and one column for each input channel, which filters of different size share.
std::vector<double> productsOfLines(const ir::SeparableShape &shape);

/// Sums of so many products of lines.
std::vector<double> sumsOfProducts(const ir::SeparableShape &given, int64_t rank);

} // namespace quern::passes
