// Writes the step programs of a causal model: ordinary models of static shape, each of which
// computes the boxes of some values at one position from what a sequence has kept.
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/causal/Diagonals.h"
#include "passes/causal/NormalForm.h"
#include "passes/causal/OrderedView.h"
#include "passes/causal/RankOrder.h"
#include "passes/causal/StepOps.h"
#include "passes/causal/WholePasses.h"
#include "passes/causal/WrittenAttention.h"

#include "llvm/ADT/ScopeExit.h"

namespace quern::passes {
#define GEN_PASS_DEF_DERIVESTEPS
#include "passes/Passes.h.inc"

namespace {

using mlir::failed;
using mlir::failure;
using mlir::LogicalResult;
using mlir::succeeded;
using mlir::success;

/// Whether the output, or that of a colour, is there when its position is due.
LogicalResult checkOutput(mlir::func::FuncOp model, const SteppedModel &stepped, size_t colour,
                          const OrderedAxes &axes, const StepSchedule &schedule) {
  OrderedView output = viewOf(stepped.outputs[colour], axes);
  bool isShifted = output.distance != Distance(axes.count(), 0);
  if (stepped.isInput(output.root) && !isShifted)
    return model.emitError("no step program can be derived: the output is the input itself");
  if (isShifted)
    return model.emitError("no step program can be derived: the output is a shifted value");
  const Trigger &due = schedule.of(output.root);
  bool isEarlier = stepped.hasColours() && due.phases.back() < static_cast<int64_t>(colour);
  bool isWhole = due.level == static_cast<int64_t>(axes.count());
  bool isLate = due.isAfter && ((stepped.contract.getStrict() && !isEarlier) || !isWhole);
  if (stepped.hasColours())
    isLate |= !isWhole || due.phases.back() > static_cast<int64_t>(colour);
  else
    isLate |= llvm::any_of(due.phases, [](int64_t phase) { return phase > 0; });
  if (due.lag > ir::latencyOf(model) || isLate)
    return model.emitError("no step program can be derived: the output at a position is computed "
                           "with elements of the input that its contract does not admit, though "
                           "they do not count: what looks ahead is shifted back, or multiplied by "
                           "zero, or padding that is not zeros takes its place");
  return success();
}

/// Derives the programs of `model`, whose positions lie in the order of generation, from what is
/// stepped of it.
LogicalResult deriveInOrder(mlir::func::FuncOp model, const SteppedModel &stepped,
                            const WholeScans &wholeScans = {}) {
  ir::CausalAttr contract = stepped.contract;
  mlir::FailureOr<OrderedAxes> axes = OrderedAxes::follow(stepped, wholeScans);
  if (failed(axes))
    return failure();
  StepReads reads(*axes, ir::latencyOf(model));
  mlir::FailureOr<StepSchedule> schedule = StepSchedule::plan(stepped, *axes, reads);
  if (failed(schedule))
    return failure();
  if (!schedule->scansToBeWhole().empty()) {
    WholeScans more = wholeScans;
    more.insert(schedule->scansToBeWhole().begin(), schedule->scansToBeWhole().end());
    return deriveInOrder(model, stepped, more);
  }
  for (size_t colour = 0; colour < stepped.outputs.size(); ++colour)
    if (failed(checkOutput(model, stepped, colour, *axes, *schedule)))
      return failure();

  StepBoxes boxes(model, stepped, *axes, *schedule);
  StepModules &modules = boxes.programs();
  StepOps ops(boxes, reads);
  for (mlir::Operation *op : schedule->ops())
    ops.write(op);
  mlir::func::FuncOp(stepped.function).walk([&](ir::ScanOp scan) {
    for (auto [result, init] : llvm::zip_equal(scan.getStacked(), scan.getInits()))
      if (axes->isGenerated(result) && schedule->contains(viewOf(result, *axes).root))
        boxes.keepBefore(viewOf(result, *axes).root, init);
  });
  boxes.keepStates();
  ir::Steps steps;
  steps.inputs = modules.inputStates(contract, boxes.inputState());
  for (size_t number : axesThatOrder(contract, ir::tensorType(stepped.wholeInput()))) {
    steps.inputAxes.push_back(contract.getInputAxes()[number]);
    steps.outputAxes.push_back(contract.getOutputAxes()[number]);
  }
  steps.output = static_cast<int64_t>(boxes.outputState());
  steps.lag = schedule->of(viewOf(stepped.outputs.front(), *axes).root).lag;
  modules.finish(steps);
  return success();
}

LogicalResult derive(mlir::func::FuncOp model, ir::CausalAttr contract) {
  // No axis of any value runs along such an order.
  if (contract.getInputAxes().size() > 1 && !contract.getOrder().empty())
    return deriveWholePasses(model, contract);
  // Copies that are rewritten stand beside the model only meanwhile.
  llvm::SmallVector<mlir::func::FuncOp> rewritten{model};
  llvm::scope_exit erase([&] {
    for (mlir::func::FuncOp copy : llvm::drop_begin(rewritten))
      copy.erase();
  });
  if (mlir::func::FuncOp straight = withoutDiagonals(model))
    rewritten.push_back(straight);
  if (mlir::func::FuncOp attentive = withAttention(rewritten.back()))
    rewritten.push_back(attentive);
  if (mlir::func::FuncOp normal = inNormalForm(rewritten.back(), withoutOrder(contract)))
    rewritten.push_back(normal);
  mlir::FailureOr<mlir::func::FuncOp> ordered = inRankOrder(rewritten.back(), contract);
  if (failed(ordered))
    return failure();
  if (*ordered)
    rewritten.push_back(*ordered);
  mlir::FailureOr<SteppedModel> stepped = steppedModel(rewritten.back(), withoutOrder(contract));
  if (failed(stepped))
    return failure();
  LogicalResult result = deriveInOrder(rewritten.back(), *stepped);
  if (auto steps = rewritten.back()->getAttr(ir::names::steps))
    model->setAttr(ir::names::steps, steps);
  return result;
}

struct DeriveSteps : impl::DeriveStepsBase<DeriveSteps> {
  using DeriveStepsBase::DeriveStepsBase;

  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    auto contract = model ? model->getAttrOfType<ir::CausalAttr>(ir::names::causal) : nullptr;
    if (!contract) {
      if (model && !isOptional) {
        model.emitError("no step program can be derived: the model has no causal contract; write "
                        "`causal over` after its result");
        signalPassFailure();
      }
      return;
    }
    if (isOptional)
      return deriveOrWarn(model, contract);
    if (failed(derive(model, contract)))
      signalPassFailure();
  }

private:
  /// What stands in the way becomes a warning, and each step a pass over the model; where that
  /// cannot be either, the model is as it was.
  void deriveOrWarn(mlir::func::FuncOp model, ir::CausalAttr contract) {
    llvm::SmallVector<std::pair<mlir::Location, std::string>> reasons;
    bool isStepped = false;
    {
      mlir::ScopedDiagnosticHandler handler(&getContext(), [&](mlir::Diagnostic &diagnostic) {
        reasons.emplace_back(diagnostic.getLocation(), diagnostic.str());
      });
      isStepped = succeeded(derive(model, contract));
      if (!isStepped)
        isStepped = succeeded(deriveWholePasses(model, contract));
    }
    if (!isStepped && !reasons.empty())
      model->setAttr(ir::names::stepless,
                     mlir::StringAttr::get(&getContext(), reasons.front().second));
    for (auto &[location, reason] : reasons)
      mlir::emitWarning(location) << reason
                                  << (isStepped ? "; each step is a pass over the whole model"
                                                : "");
  }
};

} // namespace
} // namespace quern::passes
