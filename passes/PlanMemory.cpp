// Decides where each launch writes: into one arena, whose size is the model's `quern.arena_bytes`,
// or (-1) straight into a model output.
#include "passes/Arena.h"
#include "passes/Model.h"
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"

namespace quern::passes {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

namespace {
struct PlanMemory : impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    if (!model)
      return;
    Lifetimes lifetimes = collectLifetimes(model);
    int64_t size = placeAllocations(lifetimes.allocations);
    for (auto launch : model.front().getOps<ir::LaunchOp>()) {
      auto entry = lifetimes.allocationOf.find(launch.getOutputs().front());
      launch.setOffsets(llvm::ArrayRef<int64_t>{entry == lifetimes.allocationOf.end()
                                                    ? -1
                                                    : lifetimes.allocations[entry->second].offset});
    }
    model->setAttr(ir::names::arenaBytes, mlir::OpBuilder(model).getI64IntegerAttr(size));
  }
};
} // namespace
} // namespace quern::passes
