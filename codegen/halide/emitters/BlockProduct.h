// Contractions by one of Strassen's algorithms.
#pragma once

#include "codegen/halide/KernelBuilder.h"

namespace quern::codegen {

/// Defines the result of `op`, which has such an algorithm and a transformed matrix on its right.
void emitBlockProduct(ir::ContractOp op, KernelBuilder &builder);

} // namespace quern::codegen
