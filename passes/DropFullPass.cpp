// A model that is only sampled needs its step programs and no more. What is left of the model
// itself is a declaration, its signature, which the passes that follow leave alone.
#include "ir/StepAttributes.h"
#include "passes/Model.h"
#include "passes/Passes.h"

namespace quern::passes {
#define GEN_PASS_DEF_DROPFULLPASS
#include "passes/Passes.h.inc"

namespace {
struct DropFullPass : impl::DropFullPassBase<DropFullPass> {
  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    if (!model || !ir::Steps::of(model))
      return;
    model.eraseBody();
    // As MLIR wants it of declarations.
    model.setPrivate();
  }
};
} // namespace
} // namespace quern::passes
