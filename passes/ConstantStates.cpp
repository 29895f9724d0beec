// A state that the start program fills with a weight, and that nobody writes again, need not be
// copied for each sequence: it lies among the weights. What says so is the weight's argument, which
// takes over the binding of the result that is left out.
#include "ir/StepAttributes.h"
#include "passes/Model.h"
#include "passes/Passes.h"

namespace quern::passes {
#define GEN_PASS_DEF_CONSTANTSTATES
#include "passes/Passes.h.inc"

namespace {

/// The weight argument that a returned value is, unless it is a state's already; or null.
mlir::BlockArgument freeWeight(mlir::func::FuncOp program, mlir::Value returned) {
  auto argument = llvm::dyn_cast<mlir::BlockArgument>(returned);
  bool isFree = argument && program.getArgAttr(argument.getArgNumber(), ir::names::weight) &&
                !program.getArgAttr(argument.getArgNumber(), ir::names::binding);
  return isFree ? argument : nullptr;
}

struct ConstantStates : impl::ConstantStatesBase<ConstantStates> {
  void runOnOperation() override {
    mlir::func::FuncOp program = modelOf(getOperation());
    if (!program || !program->hasAttr(ir::names::step))
      return;
    mlir::Operation *end = program.front().getTerminator();
    llvm::BitVector left(program.getNumResults());
    for (auto [index, returned] : llvm::enumerate(end->getOperands())) {
      auto number = static_cast<unsigned>(index);
      std::optional<ir::Binding> binding = ir::Binding::of(program.getResultAttrDict(number));
      mlir::BlockArgument weight = freeWeight(program, returned);
      if (!binding || !binding->isAll || !weight)
        continue;
      program.setArgAttr(weight.getArgNumber(), ir::names::binding,
                         binding->attribute(&getContext()));
      left.set(number);
    }
    end->eraseOperands(left);
    if (mlir::failed(program.eraseResults(left)))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern::passes
