#include "codegen/Backend.h"
#include "codegen/Compile.h"
#include "codegen/halide/ContractPlan.h"
#include "codegen/halide/convs/ConvEmitter.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "ir/StepAttributes.h"

#include "llvm/ADT/MapVector.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

namespace quern::codegen {
namespace {

using mlir::RankedTensorType;

/// An argument of a kernel and the type that its schedule wants it to have.
struct Wish {
  unsigned argument;
  RankedTensorType type;
};

/// Plans one kernel: sets its schedule attribute and says how its constant operand should lie.
std::optional<Wish> plan(mlir::func::FuncOp kernel, const Target &target) {
  CpuTarget cpu = cpuTargetOf(Halide::Target(target.halide));
  mlir::MLIRContext *context = kernel.getContext();
  bool onDevice = backendOf(target).hasDeviceMemory();
  std::optional<Wish> wish;
  auto want = [&](mlir::Value operand, RankedTensorType type) {
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(operand);
    if (argument && argument.hasOneUse())
      wish = Wish{argument.getArgNumber(), type};
  };
  auto plain = [&](ir::ScheduleKind kind) { return ir::ScheduleAttr::get(context, kind, {}); };
  ir::ScheduleAttr schedule = plain(ir::ScheduleKind::elementwise);
  for (mlir::Operation &op : kernel.getBody().front().without_terminator()) {
    if (auto conv = llvm::dyn_cast<ir::ConvOp>(op)) {
      const ConvEmitter &emitter = convEmitterOf(conv);
      schedule = emitter.schedule(conv, cpu);
      want(conv.getWeight(), emitter.weightType(conv, target));
    } else if (auto contract = llvm::dyn_cast<ir::ContractOp>(op)) {
      schedule = scheduleOf(contract, cpu);
      if (std::optional<PackedOperand> packed = packedOperandOf(contract, target))
        want(packed->operand, packed->type);
    } else if (auto dot = llvm::dyn_cast<ir::SegmentDotOp>(op)) {
      schedule = scheduleOf(dot, cpu);
      if (std::optional<RankedTensorType> type = packedOperandType(dot, target))
        want(dot.getWeight(), *type);
    } else if (llvm::isa<ir::WindowReduceOp>(op)) {
      schedule = plain(ir::ScheduleKind::pooling);
    } else if (llvm::isa<ir::ReduceOp>(op)) {
      schedule = plain(ir::ScheduleKind::reduction);
    } else if (llvm::isa<ir::SoftmaxOp>(op)) {
      schedule = plain(ir::ScheduleKind::softmax);
    }
  }
  kernel->setAttr(ir::names::schedule, onDevice ? plain(ir::ScheduleKind::device) : schedule);
  return wish;
}

void setArgumentType(mlir::func::FuncOp function, unsigned argument, mlir::Type type) {
  function.getArgument(argument).setType(type);
  mlir::FunctionType old = function.getFunctionType();
  llvm::SmallVector<mlir::Type> inputs(old.getInputs());
  inputs[argument] = type;
  function.setFunctionType(
      mlir::FunctionType::get(function.getContext(), inputs, old.getResults()));
}

/// The model, its prepare function and what each weight argument is stored as.
class Weights {
public:
  Weights(mlir::func::FuncOp model, mlir::func::FuncOp prepare) : model(model), prepare(prepare) {}

  bool isWeight(mlir::Value value) {
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
    return argument && argument.getOwner() == &model.getBody().front() &&
           model.getArgAttr(argument.getArgNumber(), ir::names::weight);
  }

  /// Notes that `use`, of a weight, wants it laid out as `type`.
  void wish(mlir::OpOperand &use, RankedTensorType type) {
    wishes[use.get()][type].push_back(&use);
  }

  /// Grants all wishes. A weight that is wanted in one layout only changes; else it is given once
  /// more for each further layout.
  void settle() {
    for (auto &[value, byType] : wishes) {
      auto argument = llvm::cast<mlir::BlockArgument>(value);
      size_t wanted = 0;
      for (auto &[type, uses] : byType)
        wanted += uses.size();
      // What is a state as well lies as states do.
      bool freed =
          wanted == static_cast<size_t>(std::distance(value.use_begin(), value.use_end())) &&
          !model.getArgAttr(argument.getArgNumber(), ir::names::binding);
      for (auto &[type, uses] : byType) {
        mlir::Value laidOut = value;
        if (value.getType() != type && freed)
          retype(argument, type);
        else if (value.getType() != type)
          laidOut = duplicate(argument, type);
        freed = false;
        for (mlir::OpOperand *use : uses)
          use->set(laidOut);
      }
    }
  }

private:
  unsigned weightOf(mlir::BlockArgument argument) {
    auto index =
        model.getArgAttrOfType<mlir::IntegerAttr>(argument.getArgNumber(), ir::names::weight);
    return static_cast<unsigned>(index.getInt());
  }

  /// The prepared value, in another layout: a reshape to the same shape.
  mlir::Value converted(mlir::Value value, RankedTensorType type) {
    mlir::OpBuilder builder(prepare.getBody().front().getTerminator());
    return ir::ReshapeOp::create(builder, value.getLoc(), type, value, type.getShape());
  }

  void setResults(llvm::ArrayRef<mlir::Value> values) {
    mlir::Operation *terminator = prepare.getBody().front().getTerminator();
    terminator->setOperands(values);
    llvm::SmallVector<mlir::Type> types(mlir::ValueRange(values).getTypes());
    prepare.setFunctionType(mlir::FunctionType::get(prepare.getContext(),
                                                    prepare.getFunctionType().getInputs(), types));
  }

  void retype(mlir::BlockArgument argument, RankedTensorType type) {
    setArgumentType(model, argument.getArgNumber(), type);
    unsigned index = weightOf(argument);
    llvm::SmallVector<mlir::Value> values(prepare.getBody().front().getTerminator()->getOperands());
    values[index] = converted(values[index], type);
    setResults(values);
  }

  mlir::Value duplicate(mlir::BlockArgument argument, RankedTensorType type) {
    llvm::SmallVector<mlir::Value> values(prepare.getBody().front().getTerminator()->getOperands());
    unsigned position = model.getNumArguments();
    mlir::Builder builder(model.getContext());
    mlir::NamedAttrList attributes(model.getArgAttrDict(argument.getArgNumber()));
    attributes.erase(ir::names::binding);
    attributes.set(ir::names::weight,
                   builder.getI64IntegerAttr(static_cast<int64_t>(values.size())));
    if (mlir::failed(model.insertArgument(
            position, type, attributes.getDictionary(model.getContext()), argument.getLoc())))
      return argument;
    values.push_back(converted(values[weightOf(argument)], type));
    setResults(values);
    return model.getArgument(position);
  }

  mlir::func::FuncOp model, prepare;
  llvm::MapVector<mlir::Value,
                  llvm::MapVector<RankedTensorType, llvm::SmallVector<mlir::OpOperand *>>>
      wishes;
};

mlir::func::FuncOp functionWith(mlir::ModuleOp module, llvm::StringRef attribute) {
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (function->hasAttr(attribute))
      return function;
  return nullptr;
}

} // namespace

mlir::LogicalResult assignWeightLayouts(mlir::ModuleOp module, const Target &target) {
  mlir::func::FuncOp model = functionWith(module, ir::names::model);
  mlir::func::FuncOp prepare = functionWith(module, ir::names::prepare);
  llvm::MapVector<mlir::Operation *, llvm::SmallVector<ir::LaunchOp>> launches;
  if (model) {
    auto result = model.walk([&](ir::LaunchOp launch) {
      auto kernel = mlir::SymbolTable::lookupNearestSymbolFrom<mlir::func::FuncOp>(
          launch, launch.getKernelAttr());
      if (!kernel) {
        launch.emitError("launches a kernel that does not exist: ") << launch.getKernel();
        return mlir::WalkResult::interrupt();
      }
      launches[kernel].push_back(launch);
      return mlir::WalkResult::advance();
    });
    if (result.wasInterrupted())
      return mlir::failure();
  }

  std::optional<Weights> weights;
  if (model && prepare)
    weights.emplace(model, prepare);
  for (auto kernel : module.getOps<mlir::func::FuncOp>()) {
    if (!kernel->hasAttr(ir::names::kernel))
      continue;
    std::optional<Wish> wish = plan(kernel, target);
    if (!wish)
      continue;
    // A kernel outside of any model is free to choose, as are all whose every launch passes a
    // weight.
    llvm::SmallVector<ir::LaunchOp> &callers = launches[kernel];
    bool allWeights = llvm::all_of(callers, [&](ir::LaunchOp launch) {
      return weights && weights->isWeight(launch.getInputs()[wish->argument]);
    });
    if (!allWeights)
      continue;
    setArgumentType(kernel, wish->argument, wish->type);
    for (ir::LaunchOp launch : callers)
      weights->wish(
          launch->getOpOperand(launch.getInputs().getBeginOperandIndex() + wish->argument),
          wish->type);
  }
  if (weights)
    weights->settle();
  return mlir::success();
}

} // namespace quern::codegen
