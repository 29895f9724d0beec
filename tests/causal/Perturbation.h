// What depends on what, by trial: each input position is moved, and the outputs are seen to move.
#pragma once

#include "passes/causal/ReceptiveField.h"
#include "tests/passes/Interpreter.h"

namespace quern::passes {

/// A copy of a model as the analysis takes it, and what that says by the contract on it.
struct SimplifiedModel {
  /// Fails the current test where a pass does, or the contract does not fit.
  explicit SimplifiedModel(mlir::ModuleOp source);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::FailureOr<CausalAnalysis> analysis = mlir::failure();
};

/// A model's output for some generic input, and with each position of it moved.
class Perturbation {
public:
  /// `run` gives the model's output for an input.
  Perturbation(llvm::function_ref<reference::Tensor(const reference::Tensor &)> run,
               const CausalAnalysis &analysis);

  /// Whether element `at` of the output depends on the position of this rank.
  bool depends(int64_t at, int64_t rank) const {
    return moved[rank].values[at] != expected.values[at];
  }

  const reference::Tensor &output() const { return expected; }

private:
  reference::Tensor movedInput(int64_t rank) const;

  const Positions &positions;
  reference::Tensor input, expected;
  std::vector<reference::Tensor> moved;
};

/// The perturbation of a model that has been analysed, as all passes leave it, on the references:
/// `module` is the model before any pass, which stays as it is. Fails the current test where a pass
/// does.
Perturbation perturb(mlir::ModuleOp module, const Parameters &parameters,
                     const CausalAnalysis &analysis);

/// Fails the current test unless what moves each element of the output is what the analysis says:
/// the latest position of it, and the whole receptive field of every position.
void expectSameDependence(const CausalAnalysis &analysis, const Perturbation &perturbation);

} // namespace quern::passes
