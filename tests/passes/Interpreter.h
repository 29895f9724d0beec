// Runs a model's IR, at any stage of the pipeline, on the references of tests/ops/reference: what
// passes must not change.
#pragma once

#include "ir/Quern.h"
#include "tests/ops/reference/Reference.h"

#include <map>
#include <string>
#include <vector>

namespace quern::passes {

using Parameters = std::map<std::string, reference::Tensor>;

/// The results of the function marked quern.model, for inputs in its order (weights are computed by
/// @prepare). Everything is double precision but for casts. Once memory is planned, the arena is
/// watched: reading what was overwritten throws. Throws std::runtime_error on what it does not
/// know.
std::vector<reference::Tensor> interpret(mlir::ModuleOp module, const Parameters &parameters,
                                         const std::vector<reference::Tensor> &inputs);

} // namespace quern::passes
