// The pass only writes the choice: what obeys it reads it off the op, where a test or a plan file
// can set it by hand.
#include "ir/FilterTransform.h"
#include "ir/Infer.h"
#include "ir/SourceLocation.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/WeightExpression.h"
#include "passes/conv/ConvPolicy.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

namespace quern::passes {
#define GEN_PASS_DEF_CHOOSECONV
#include "passes/Passes.h.inc"

namespace {

/// The weights as f32, or nothing where they are not known yet or are of another type.
mlir::FailureOr<std::vector<float>> weightsOf(ir::ConvOp conv, const ConvPolicy &policy) {
  std::vector<float> values;
  if (!policy.load || !isWeightExpression(conv.getWeight()))
    return values;
  mlir::FailureOr<ir::HostTensor> tensor = evaluateExpression(conv.getWeight(), policy.load);
  if (mlir::failed(tensor))
    return mlir::failure();
  auto count = static_cast<size_t>(tensor->type().getNumElements());
  std::vector<double> row(count);
  tensor->loadRow(0, 1, row);
  values.assign(row.begin(), row.end());
  return values;
}

struct ChooseConv : impl::ChooseConvBase<ChooseConv> {
  using ChooseConvBase::ChooseConvBase;
  explicit ChooseConv(const ConvPolicy &policy) : policy(policy) {}

  void runOnOperation() override {
    if (!conv.empty() && mlir::failed(readOption()))
      return signalPassFailure();
    int64_t index = 0;
    auto choose = [&](ir::ConvOp op) {
      if (op.getAlgorithm())
        return mlir::WalkResult::advance();
      mlir::FailureOr<ConvDecision> decision =
          policy.mode == ConvMode::replay ? replayed(op, index++) : decided(op);
      if (mlir::failed(decision))
        return mlir::WalkResult::interrupt();
      op.setAlgorithmAttr(ir::ConvAttr::get(&getContext(), decision->algorithm, decision->tile));
      if (policy.decisions) {
        decision->label = ir::labelText(op.getLoc());
        policy.decisions->push_back(std::move(*decision));
      }
      return mlir::WalkResult::advance();
    };
    // Not those of the modules within: step programs have a pipeline of their own.
    bool isDone =
        llvm::all_of(getOperation().getOps<mlir::func::FuncOp>(), [&](mlir::func::FuncOp function) {
          return !function.walk(choose).wasInterrupted();
        });
    if (!isDone || (policy.mode == ConvMode::replay && mlir::failed(allUsed(index))))
      signalPassFailure();
  }

private:
  /// For quern-opt, which has no policy but what its command line says.
  mlir::LogicalResult readOption() {
    if (conv == "auto") {
      policy.mode = ConvMode::automatic;
      return mlir::success();
    }
    std::optional<ir::ConvAlgorithm> algorithm = ir::symbolizeConvAlgorithm(conv);
    if (!algorithm)
      return getOperation().emitError("no algorithm '") << conv << "'";
    policy.mode = ConvMode::fixed;
    policy.algorithm = *algorithm;
    return mlir::success();
  }

  mlir::FailureOr<ConvDecision> decided(ir::ConvOp op) {
    ConvShape shape = shapeOf(op);
    // What is chosen by name needs no weights, unless it depends on what they are.
    if (policy.mode == ConvMode::fixed && !policy.keepsWeights) {
      ConvDecision decision = decide(shape, std::nullopt, policy);
      bool isApt = convAlgorithm(policy.algorithm).refusal(shape).empty();
      if (decision.algorithm == policy.algorithm || !isApt)
        return decision;
    }
    mlir::FailureOr<std::vector<float>> weights = weightsOf(op, policy);
    if (mlir::failed(weights))
      return mlir::failure();
    // Layers of one shape without weights to tell them apart are judged once.
    if (weights->empty()) {
      auto [entry, isNew] = known.try_emplace(shape.text());
      if (isNew)
        entry->second = decide(shape, std::nullopt, policy);
      return entry->second;
    }
    ConvDecision decision = decide(shape, filterView(shape, *weights), policy);
    if (policy.keepsWeights)
      decision.weights = std::move(*weights);
    return decision;
  }

  mlir::FailureOr<ConvDecision> replayed(ir::ConvOp op, int64_t index) {
    ConvShape shape = shapeOf(op);
    if (index >= static_cast<int64_t>(policy.replay.size()))
      return op.emitError("the plan has ")
             << policy.replay.size() << " convolutions, the model has more";
    const PlannedConv &planned = policy.replay[index];
    if (planned.shape != shape.text())
      return op.emitError("the plan's convolution ")
             << index << " is " << planned.shape << ", the model's is " << shape.text();
    ConvDecision decision{.shape = shape,
                          .algorithm = planned.algorithm,
                          .tile = planned.tile,
                          .reason = "as the plan says"};
    if (std::string why = whyNot(op, decision); !why.empty())
      return op.emitError("the plan computes this convolution by ")
             << variantText(decision.algorithm, decision.tile) << ", which does not apply: " << why;
    return decision;
  }

  /// Why the algorithm and tile of a plan, which anyone may have edited, cannot compute `op`; empty
  /// where they can.
  std::string whyNot(ir::ConvOp op, const ConvDecision &planned) {
    const ConvAlgorithm &algorithm = convAlgorithm(planned.algorithm);
    if (std::string why = algorithm.refusal(planned.shape); !why.empty())
      return why;
    mlir::ScopedDiagnosticHandler ignore(&getContext(),
                                         [](mlir::Diagnostic &) { return mlir::success(); });
    if (mlir::failed(
            ir::ConvAttr::verify([&] { return op.emitError(); }, planned.algorithm, planned.tile)))
      return "there is no such tile";
    auto attribute = ir::ConvAttr::get(&getContext(), planned.algorithm, planned.tile);
    if (attribute.transformsFilter() &&
        mlir::failed(ir::inferTransformedFilter({}, attribute, op.getFilterShape(), op.getStrides(),
                                                op.getDilations(),
                                                static_cast<int64_t>(op.getGroups()))))
      return "there is no such tile";
    return whyNotWeights(op, planned);
  }

  /// The same for the weights, which are read only if it depends on them.
  std::string whyNotWeights(ir::ConvOp op, const ConvDecision &planned) {
    const ConvAlgorithm &algorithm = convAlgorithm(planned.algorithm);
    std::string why = algorithm.weightRefusal(planned.shape, planned.tile, std::nullopt);
    if (why.empty())
      return why;
    mlir::FailureOr<std::vector<float>> weights = weightsOf(op, policy);
    if (mlir::failed(weights) || weights->empty())
      return why;
    return algorithm.weightRefusal(planned.shape, planned.tile,
                                   filterView(planned.shape, *weights));
  }

  mlir::LogicalResult allUsed(int64_t used) {
    if (used == static_cast<int64_t>(policy.replay.size()))
      return mlir::success();
    return getOperation().emitError("the plan has ")
           << policy.replay.size() << " convolutions, the model " << used;
  }

  ConvPolicy policy;
  llvm::StringMap<ConvDecision> known;
};

} // namespace

std::unique_ptr<mlir::Pass> createChooseConv(const ConvPolicy &policy) {
  return std::make_unique<ChooseConv>(policy);
}

} // namespace quern::passes
