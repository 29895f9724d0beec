// Random small models of the ops that move positions about, for what the analysis says to be
// compared with what the numbers do.
#pragma once

#include "tests/passes/Interpreter.h"

#include "mlir/IR/OwningOpRef.h"

namespace quern::passes {

struct RandomCausalModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Parameters parameters;
};

/// A model f64[N, C, T] -> f64[N, C', T] or f64[N, C, H, W] -> f64[N, C', H, W] with a contract
/// over T or (H, W), which it may well break. Weights are generic: no output that could depend on
/// an input happens not to.
RandomCausalModel makeRandomCausalModel(mlir::MLIRContext &context, uint64_t seed);

} // namespace quern::passes
