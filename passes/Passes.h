// The passes as TableGen declares them: createX() for each, and their registration by name.
#pragma once

#include "ir/Quern.h"

#include "mlir/Pass/Pass.h"

namespace quern::passes {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

struct ConvPolicy;
/// choose-conv under a policy (passes/conv/ConvPolicy.h), of which it keeps a copy.
std::unique_ptr<mlir::Pass> createChooseConv(const ConvPolicy &policy);

} // namespace quern::passes
