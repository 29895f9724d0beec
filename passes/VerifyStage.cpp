// What may appear after each phase. A pass that breaks its promise is named at once, not three
// phases later by a wrong number.
#include "ir/Evaluate.h"
#include "ir/Layout.h"
#include "passes/Arena.h"
#include "passes/FusionRules.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/Views.h"
#include "passes/WeightExpression.h"

#include "llvm/ADT/StringSwitch.h"

namespace quern::passes {
#define GEN_PASS_DEF_VERIFYSTAGE
#include "passes/Passes.h.inc"

namespace {

using mlir::failed;
using mlir::failure;
using mlir::LogicalResult;
using mlir::success;

enum class Stage { source, hoisted, fused, outlined, planned };

std::optional<Stage> stageNamed(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Stage>>(name)
      .Case("source", Stage::source)
      .Case("hoisted", Stage::hoisted)
      .Case("fused", Stage::fused)
      .Case("outlined", Stage::outlined)
      .Case("planned", Stage::planned)
      .Default(std::nullopt);
}

bool isRowMajor(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  return tensor && tensor == ir::rowMajor(tensor);
}

/// Ops that may stand in the model's body besides its terminator.
bool mayStand(mlir::Operation &op, Stage stage) {
  switch (stage) {
  case Stage::source:
    return !llvm::isa<ir::FusedOp, ir::LaunchOp>(op);
  case Stage::hoisted:
    return !llvm::isa<ir::FusedOp, ir::LaunchOp, ir::ParameterOp>(op) &&
           (!llvm::isa<ir::ConstantOp>(op) || isSplatConstant(op.getResult(0)));
  case Stage::fused:
    return llvm::isa<ir::FusedOp>(op) || isView(&op);
  case Stage::outlined:
  case Stage::planned:
    return llvm::isa<ir::LaunchOp>(op) || isView(&op);
  }
  llvm_unreachable("all stages are named");
}

/// One result, at most one anchor, and only splat constants.
LogicalResult verifyKernelBody(mlir::Operation *owner, mlir::Block &body) {
  if (body.getTerminator()->getNumOperands() != 1)
    return owner->emitError("a kernel has one result");
  mlir::Operation *anchor = nullptr;
  for (mlir::Operation &op : body.without_terminator()) {
    bool isSplat = op.getNumResults() == 1 && isSplatConstant(op.getResult(0));
    if (!isAnchor(&op) && !isInlinable(&op) && !isSplat)
      return op.emitError("may not stand in a kernel");
    if (!isAnchor(&op))
      continue;
    if (anchor)
      return op.emitError("is the second anchor of its kernel").attachNote(anchor->getLoc())
             << "the first is here";
    anchor = &op;
  }
  return success();
}

LogicalResult verifyBody(mlir::func::FuncOp model, Stage stage, llvm::StringRef name) {
  if (!llvm::hasSingleElement(model.getBody()))
    return model.emitError("a model has one block");
  for (mlir::Operation &op : model.front().without_terminator()) {
    if (!mayStand(op, stage))
      return op.emitError("may not stand in the model at stage '") << name << "'";
    if (auto fused = llvm::dyn_cast<ir::FusedOp>(op);
        fused && failed(verifyKernelBody(fused, fused.getBody().front())))
      return failure();
    if (stage == Stage::source && !llvm::all_of(op.getResultTypes(), isRowMajor))
      return op.emitError("has a layout at stage 'source'");
  }
  if (!llvm::all_of(model.getResultTypes(), isRowMajor))
    return model.emitError("model outputs must be row-major");
  return success();
}

/// Arguments marked quern.weight are prepare's results in order; all other arguments are row-major
/// inputs.
LogicalResult verifyWeights(mlir::ModuleOp module, mlir::func::FuncOp model) {
  mlir::func::FuncOp prepare = prepareOf(module);
  if (!prepare)
    return model.emitError("no function is marked quern.prepare");
  for (mlir::Operation &op : prepare.front().without_terminator())
    if (!ir::isEvaluable(&op))
      return op.emitError("cannot be evaluated at compile time");
  int64_t next = 0;
  for (unsigned i = 0; i < model.getNumArguments(); ++i) {
    mlir::Type type = model.getArgument(i).getType();
    auto weight = model.getArgAttrOfType<mlir::IntegerAttr>(i, ir::names::weight);
    if (!weight) {
      if (next != 0)
        return model.emitError("inputs come before weights; argument ") << i << " does not";
      if (!isRowMajor(type))
        return model.emitError("model inputs must be row-major; argument ") << i << " is not";
      continue;
    }
    if (weight.getInt() != next || next >= static_cast<int64_t>(prepare.getNumResults()) ||
        prepare.getResultTypes()[next] != type)
      return model.emitError("argument ") << i << " is not result " << next << " of prepare";
    ++next;
  }
  if (next != static_cast<int64_t>(prepare.getNumResults()))
    return prepare.emitError("has ")
           << prepare.getNumResults() << " results for " << next << " weights";
  return success();
}

/// Each returned value is a launch's (or fused op's) own result, through free reshapes, and
/// returned once.
LogicalResult verifyReturned(mlir::func::FuncOp model) {
  llvm::DenseSet<mlir::Value> returned;
  for (mlir::Value value : model.front().getTerminator()->getOperands()) {
    mlir::Value memory = behindFreeReshapes(value);
    if (!memory.getDefiningOp())
      return model.emitError("returns an argument without a copy");
    if (isView(memory.getDefiningOp()))
      return model.emitError("returns a part of a value without a copy");
    if (!returned.insert(memory).second)
      return model.emitError("returns one result twice");
  }
  return success();
}

LogicalResult verifyKernels(mlir::ModuleOp module) {
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (function->hasAttr(ir::names::kernel) &&
        failed(verifyKernelBody(function, function.front())))
      return failure();
  return success();
}

/// Results in the arena lie inside it, aligned, and apart from all that is alive with them.
LogicalResult verifyMemory(mlir::func::FuncOp model) {
  auto arena = model->getAttrOfType<mlir::IntegerAttr>(ir::names::arenaBytes);
  if (!arena)
    return model.emitError("has no quern.arena_bytes");
  Lifetimes lifetimes = collectLifetimes(model);
  for (auto launch : model.front().getOps<ir::LaunchOp>()) {
    if (!launch.getOffsets())
      return launch.emitError("has no offset");
    int64_t offset = launch.getOffsets()->front();
    auto entry = lifetimes.allocationOf.find(launch.getOutputs().front());
    if ((offset == -1) != (entry == lifetimes.allocationOf.end()))
      return launch.emitError("offset -1 is for model outputs, and for them alone");
    if (offset == -1)
      continue;
    Allocation &own = lifetimes.allocations[entry->second];
    own.offset = offset;
    if (offset < 0 || offset % arenaAlignment != 0 || offset + own.bytes > arena.getInt())
      return launch.emitError("offset ") << offset << " is not aligned within the arena";
  }
  for (const Allocation &a : lifetimes.allocations)
    for (const Allocation &b : lifetimes.allocations)
      if (&a < &b && a.first <= b.last && b.first <= a.last && a.offset < b.offset + b.bytes &&
          b.offset < a.offset + a.bytes)
        return model.emitError("launches ")
               << a.first << " and " << b.first << " write to one place while both are needed";
  return success();
}

struct VerifyStage : impl::VerifyStageBase<VerifyStage> {
  using VerifyStageBase::VerifyStageBase;

  void runOnOperation() override {
    if (failed(verify(getOperation())))
      signalPassFailure();
  }

private:
  LogicalResult verify(mlir::ModuleOp module) {
    std::optional<Stage> wanted = stageNamed(stage);
    if (!wanted)
      return module.emitError("no stage '") << stage << "'";
    mlir::func::FuncOp model = signatureOf(module);
    if (!model)
      return module.emitError("no function is marked quern.model");
    if (model.isDeclaration())
      return success();
    if (failed(verifyBody(model, *wanted, stage)))
      return failure();
    if (*wanted >= Stage::hoisted && failed(verifyWeights(module, model)))
      return failure();
    if (*wanted >= Stage::fused && failed(verifyReturned(model)))
      return failure();
    if (*wanted >= Stage::outlined && failed(verifyKernels(module)))
      return failure();
    return *wanted >= Stage::planned ? verifyMemory(model) : success();
  }
};

} // namespace
} // namespace quern::passes
