// `as categorical()` and its like after a causal model's result: the distribution of the next
// element.
#pragma once

#include "frontend/Adapters.h"

namespace quern::frontend {

/// The distribution whose parameters the result holds; null after an error.
mlir::Attribute categorical(Elaborator &elaborator, const BoundAdapter &adapter);
mlir::Attribute bernoulli(Elaborator &elaborator, const BoundAdapter &adapter);
mlir::Attribute logisticMixture(Elaborator &elaborator, const BoundAdapter &adapter);
mlir::Attribute gaussianMixture(Elaborator &elaborator, const BoundAdapter &adapter);

} // namespace quern::frontend
