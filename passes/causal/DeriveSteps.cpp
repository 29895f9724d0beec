// Writes the step programs of a causal model: ordinary models of static shape, each of which
// computes the boxes of some values at one position from what a sequence has kept.
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/causal/Diagonals.h"
#include "passes/causal/RankOrder.h"
#include "passes/causal/StepOps.h"

#include "llvm/ADT/ScopeExit.h"

namespace quern::passes {
#define GEN_PASS_DEF_DERIVESTEPS
#include "passes/Passes.h.inc"

namespace {

using mlir::failed;
using mlir::failure;
using mlir::LogicalResult;
using mlir::success;

/// Derives from a model whose positions lie in the order of generation.
LogicalResult deriveInOrder(mlir::func::FuncOp model, ir::CausalAttr contract,
                            const WholeScans &wholeScans = {}) {
  mlir::FailureOr<OrderedAxes> axes = OrderedAxes::follow(model, contract, wholeScans);
  if (failed(axes))
    return failure();
  StepReads reads(*axes);
  mlir::FailureOr<StepSchedule> schedule = StepSchedule::plan(model, contract, *axes, reads);
  if (failed(schedule))
    return failure();
  if (!schedule->scansToBeWhole().empty()) {
    WholeScans more = wholeScans;
    more.insert(schedule->scansToBeWhole().begin(), schedule->scansToBeWhole().end());
    return deriveInOrder(model, contract, more);
  }
  mlir::Value input = model.getArgument(static_cast<unsigned>(contract.getInput()));
  mlir::Value result =
      model.front().getTerminator()->getOperand(static_cast<unsigned>(contract.getOutput()));
  OrderedView output = viewOf(result, *axes);
  StepBoxes boxes(model, input, *axes, *schedule);
  if (output.root == input || output.distance != boxes.here())
    return model.emitError("no step program can be derived: the output is a shifted value");
  const Trigger &due = schedule->of(output.root);
  if (due.lag > ir::latencyOf(model) ||
      (due.isAfter && (contract.getStrict() || due.level < static_cast<int64_t>(axes->count()))))
    return model.emitError("no step program can be derived: the output at a position depends on "
                           "elements of the input that its contract does not admit");

  StepModules &modules = boxes.programs();
  modules.touch({modules.state(input, axes->of(input)), boxes.here()}, schedule->of(input));
  size_t outputState = modules.state(output.root, axes->of(output.root));
  // The next element is drawn from it when its own position has gone by.
  Distance previous = boxes.here();
  previous[0] = -1;
  modules.touch({outputState, previous}, due);
  StepOps ops(boxes, reads);
  for (mlir::Operation *op : schedule->ops())
    ops.write(op);
  model.walk([&](ir::ScanOp scan) {
    for (auto [result, init] : llvm::zip_equal(scan.getStacked(), scan.getInits()))
      if (axes->isGenerated(result) && schedule->contains(viewOf(result, *axes).root))
        boxes.keepBefore(viewOf(result, *axes).root, init);
  });
  boxes.keepStates();
  ir::Steps steps;
  steps.inputs.assign(model.getNumArguments(), -1);
  for (const auto &[value, map, number] : modules.values())
    if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
        argument && (value == input || !modules.at(number).hasPosition()))
      steps.inputs[argument.getArgNumber()] = static_cast<int64_t>(number);
  llvm::append_range(steps.inputAxes, axes->of(input));
  llvm::append_range(steps.outputAxes, axes->of(result));
  steps.output = static_cast<int64_t>(outputState);
  steps.lag = due.lag;
  modules.finish(steps);
  return success();
}

LogicalResult derive(mlir::func::FuncOp model, ir::CausalAttr contract) {
  // Copies that are rewritten stand beside the model only meanwhile.
  llvm::SmallVector<mlir::func::FuncOp> rewritten{model};
  llvm::scope_exit erase([&] {
    for (mlir::func::FuncOp copy : llvm::drop_begin(rewritten))
      copy.erase();
  });
  if (mlir::func::FuncOp straight = withoutDiagonals(model))
    rewritten.push_back(straight);
  mlir::FailureOr<mlir::func::FuncOp> ordered = inRankOrder(rewritten.back(), contract);
  if (failed(ordered))
    return failure();
  if (*ordered)
    rewritten.push_back(*ordered);
  LogicalResult result = deriveInOrder(rewritten.back(), withoutOrder(contract));
  if (auto steps = rewritten.back()->getAttr(ir::names::steps))
    model->setAttr(ir::names::steps, steps);
  return result;
}

struct DeriveSteps : impl::DeriveStepsBase<DeriveSteps> {
  using DeriveStepsBase::DeriveStepsBase;

  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    auto contract = model ? model->getAttrOfType<ir::CausalAttr>(ir::names::causal) : nullptr;
    if (!contract)
      return;
    if (isOptional)
      return deriveOrWarn(model, contract);
    if (failed(derive(model, contract)))
      signalPassFailure();
  }

private:
  /// What stands in the way becomes a warning; the model is as it was.
  void deriveOrWarn(mlir::func::FuncOp model, ir::CausalAttr contract) {
    llvm::SmallVector<std::pair<mlir::Location, std::string>> reasons;
    {
      mlir::ScopedDiagnosticHandler handler(&getContext(), [&](mlir::Diagnostic &diagnostic) {
        reasons.emplace_back(diagnostic.getLocation(), diagnostic.str());
      });
      (void)derive(model, contract);
    }
    for (auto &[location, reason] : reasons)
      mlir::emitWarning(location) << reason;
  }
};

} // namespace
} // namespace quern::passes
