// Where ordered axes go in a reshape.
#pragma once

#include "passes/causal/OrderedAxes.h"

namespace quern::passes {

/// The ordered axes of a reshape's result. Neighbours may come to lie in one axis, and apart again;
/// nothing where one of them is joined with another axis, or split. `extents` are the order's.
std::optional<OrderedMap> throughReshape(llvm::ArrayRef<int64_t> from, const OrderedMap &map,
                                         llvm::ArrayRef<int64_t> to,
                                         llvm::ArrayRef<int64_t> extents);

} // namespace quern::passes
