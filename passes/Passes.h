// The passes as TableGen declares them: createX() for each, and their registration by name.
#pragma once

#include "ir/Quern.h"

#include "mlir/Pass/Pass.h"

namespace quern::passes {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace quern::passes
