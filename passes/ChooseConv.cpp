// The pass only writes the choice: what obeys it reads it off the op, where a test or a plan file
// can set it by hand.
#include "ir/SourceLocation.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/WeightExpression.h"
#include "passes/conv/ConvNotices.h"
#include "passes/conv/ConvPolicy.h"
#include "passes/conv/MatrixProduct.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

#include <fmt/format.h>

#include <cmath>

namespace quern::passes {
#define GEN_PASS_DEF_CHOOSECONV
#include "passes/Passes.h.inc"

namespace {

/// An op that computes a convolution, or a matrix product that may be computed like one.
struct Choosable {
  mlir::Operation *op;
  ConvShape shape;
  std::optional<MatrixProduct> product;

  /// [O, C / groups, kernel...]; written for the purpose where there is no such value yet.
  mlir::Value filter() const {
    if (!product)
      return llvm::cast<ir::ConvOp>(op).getWeight();
    mlir::OpBuilder builder(op);
    return filterOf(builder, *product);
  }
};

/// `op` where there is an algorithm to be chosen for it; products that have but one are left alone.
std::optional<Choosable> choosable(mlir::Operation *op) {
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op); conv && !conv.getAlgorithm())
    return Choosable{op, shapeOf(conv), std::nullopt};
  auto contract = llvm::dyn_cast<ir::ContractOp>(op);
  if (!contract || contract.getAlgorithm())
    return std::nullopt;
  std::optional<MatrixProduct> product = matrixProductOf(contract);
  if (!product)
    return std::nullopt;
  ConvShape shape = shapeOf(*product);
  if (!convAlgorithm(ir::ConvAlgorithm::strassen).refusal(shape).empty())
    return std::nullopt;
  return Choosable{op, std::move(shape), product};
}

void setAlgorithm(mlir::Operation *op, const ConvDecision &decision) {
  auto algorithm = ir::ConvAttr::get(op->getContext(), decision.algorithm, decision.tile);
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
    conv.setAlgorithmAttr(algorithm);
  else if (decision.algorithm != ir::ConvAlgorithm::direct)
    llvm::cast<ir::ContractOp>(op).setAlgorithmAttr(algorithm);
}

std::vector<double> valuesOf(const ir::HostTensor &tensor) {
  std::vector<double> row(static_cast<size_t>(tensor.type().getNumElements()));
  tensor.loadRow(0, 1, row);
  return row;
}

/// The weights, or nothing where they are not known yet.
mlir::FailureOr<std::vector<double>> weightsOf(const Choosable &conv, const ConvPolicy &policy) {
  if (!policy.load || !conv.shape.hasConstantFilter)
    return std::vector<double>();
  mlir::FailureOr<ir::HostTensor> tensor = evaluateExpression(conv.filter(), policy.load);
  if (mlir::failed(tensor))
    return mlir::failure();
  return valuesOf(*tensor);
}

/// A parameter behind the weights that holds NaN or infinity; empty where only what is computed of
/// them does.
std::string parameterNotFinite(const Choosable &conv, const ConvPolicy &policy) {
  std::string name;
  (void)evaluateExpression(conv.filter(), [&](ir::ParameterOp parameter) {
    mlir::FailureOr<ir::HostTensor> tensor = policy.load(parameter);
    if (name.empty() && mlir::succeeded(tensor) &&
        !llvm::all_of(valuesOf(*tensor), [](double value) { return std::isfinite(value); }))
      name = parameter.getKey().str();
    return tensor;
  });
  return name;
}

struct ChooseConv : impl::ChooseConvBase<ChooseConv> {
  using ChooseConvBase::ChooseConvBase;
  explicit ChooseConv(const ConvPolicy &policy) : policy(policy) {}

  void runOnOperation() override {
    if (!conv.empty() && mlir::failed(readOption()))
      return signalPassFailure();
    int64_t index = 0;
    ConvNotices notices(policy);
    auto choose = [&](mlir::Operation *op) {
      std::optional<Choosable> conv = choosable(op);
      if (!conv)
        return mlir::WalkResult::advance();
      mlir::FailureOr<ConvDecision> decision =
          policy.mode == ConvMode::replay ? replayed(*conv, index++) : decided(*conv);
      if (mlir::failed(decision))
        return mlir::WalkResult::interrupt();
      setAlgorithm(op, *decision);
      notices.note(op, *decision, [&] { return parameterNotFinite(*conv, policy); });
      if (policy.decisions) {
        decision->label = ir::labelText(op->getLoc());
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
      return signalPassFailure();
    if (mlir::failed(notices.tell()))
      return signalPassFailure();
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

  mlir::FailureOr<ConvDecision> decided(const Choosable &conv) {
    const ConvShape &shape = conv.shape;
    llvm::ArrayRef<float> observed = observedBy(conv.op);
    mlir::FailureOr<std::vector<double>> weights = weightsOf(conv, policy);
    if (mlir::failed(weights))
      return mlir::failure();
    // Layers of one shape without weights to tell them apart are judged once.
    if (weights->empty()) {
      auto [entry, isNew] = known.try_emplace(shape.text());
      if (isNew)
        entry->second = decide(shape, std::nullopt, policy);
      return entry->second;
    }
    ConvDecision decision = decide(shape, filterView(shape, *weights), policy, observed);
    if (policy.keepsWeights) {
      decision.weights = std::move(*weights);
      decision.observed = observed;
    }
    return decision;
  }

  /// What the user's inputs made a convolution read, if there were any.
  llvm::ArrayRef<float> observedBy(mlir::Operation *op) {
    if (policy.observed.empty() || !llvm::isa<ir::ConvOp>(op))
      return {};
    return policy.observed[convolutions++];
  }

  mlir::FailureOr<ConvDecision> replayed(const Choosable &conv, int64_t index) {
    const ConvShape &shape = conv.shape;
    if (index >= static_cast<int64_t>(policy.replay.size()))
      return conv.op->emitError("the plan has ")
             << policy.replay.size() << " convolutions, the model has more";
    const PlannedConv &planned = policy.replay[index];
    if (planned.shape != shape.text())
      return conv.op->emitError("the plan's convolution ")
             << index << " is " << planned.shape << ", the model's is " << shape.text();
    ConvDecision decision{.shape = shape,
                          .algorithm = planned.algorithm,
                          .tile = planned.tile,
                          .reason = "as the plan says"};
    if (std::string why = whyNot(conv, decision); !why.empty())
      return conv.op->emitError("the plan computes this convolution by ")
             << variantText(decision.algorithm, decision.tile) << ", which does not apply: " << why;
    return decision;
  }

  /// Why the algorithm and tile of a plan, which anyone may have edited, cannot compute it; empty
  /// where they can.
  std::string whyNot(const Choosable &conv, const ConvDecision &planned) {
    const ConvAlgorithm &algorithm = convAlgorithm(planned.algorithm);
    if (std::string why = algorithm.refusal(planned.shape); !why.empty())
      return why;
    if (!algorithm.offers(planned.shape, planned.tile))
      return notOffered(planned.shape, planned.algorithm, planned.tile);
    return whyNotWeights(conv, planned);
  }

  /// The same for the weights, which are read only if it depends on them.
  std::string whyNotWeights(const Choosable &conv, const ConvDecision &planned) {
    const ConvAlgorithm &algorithm = convAlgorithm(planned.algorithm);
    std::string why = algorithm.weightRefusal(planned.shape, planned.tile, std::nullopt);
    if (why.empty())
      return why;
    mlir::FailureOr<std::vector<double>> weights = weightsOf(conv, policy);
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
  size_t convolutions = 0; ///< judged so far by what was observed
};

} // namespace

std::unique_ptr<mlir::Pass> createChooseConv(const ConvPolicy &policy) {
  return std::make_unique<ChooseConv>(policy);
}

} // namespace quern::passes
