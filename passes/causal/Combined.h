// Two tensors of one shape, element by element.
#pragma once

#include "passes/causal/RankTensor.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::passes {

/// f(a, b) of each two elements.
template <typename F> RankTensor combined(RankTensor a, const RankTensor &b, F f) {
  a = a.expandedAs(b);
  const RankTensor other = b.expandedAs(a);
  for (auto [x, y] : llvm::zip_equal(a.data(), other.data()))
    x = f(x, y);
  return a;
}

} // namespace quern::passes
