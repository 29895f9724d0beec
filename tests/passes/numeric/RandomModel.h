// Small random models for differential tests: convolutions of all kinds, batch norm in several
// spellings, residuals, pools, squeeze-and-excitation, joins, heads; and of sequences: attention,
// layer norm, gates, embeddings, recurrence.
#pragma once

#include "tests/passes/Interpreter.h"

#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace quern::passes {

struct RandomModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Parameters parameters;
  std::vector<reference::Tensor> inputs;
};

/// The model of a seed, in f64; the same on every machine.
RandomModel makeRandomModel(mlir::MLIRContext &context, uint64_t seed);

} // namespace quern::passes
