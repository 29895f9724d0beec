// What the user is told of the choices for a model's convolutions.
#pragma once

#include "passes/conv/ConvPolicy.h"

namespace quern::passes {

/// Looks at each decision, and in the end says what was asked for and cannot be, once.
class ConvNotices {
public:
  explicit ConvNotices(const ConvPolicy &policy) : policy(policy) {}

  /// Of the op that a decision is for. `parameterNotFinite` finds the parameter behind its weights
  /// that holds NaN or infinity, empty where none does; it is asked if the weights do.
  void note(mlir::Operation *op, const ConvDecision &decision,
            llvm::function_ref<std::string()> parameterNotFinite);

  /// Fails where the user has named a tile that is of no convolution of the model.
  mlir::LogicalResult tell();

private:
  /// A convolution that the named algorithm does not compute.
  struct Refused {
    mlir::Operation *op;
    std::string reason;
    bool isProduct;
  };
  /// A convolution for which nothing that may be chosen is within the budget on errors.
  struct Excess {
    mlir::Operation *op;
    std::string shape, variant; ///< what was chosen
    double error, budget;
    ConvCandidate least; ///< with the least error
  };

  void noteExcess(Excess excess);
  static const ConvCandidate *leastError(const ConvDecision &decision, double budget);
  void warnOfWeights() const;
  mlir::LogicalResult tellOfRefused() const;
  void warnOfErrors();
  std::string excessText(const Excess &excess) const;

  const ConvPolicy &policy;
  /// The first whose weights are not all finite, with the parameter that is not, and their number.
  std::optional<std::pair<mlir::Operation *, std::string>> firstNotFinite;
  int notFinite = 0;
  /// The first that the named algorithm does not compute, if there is one no product, and how many
  /// convolutions it does not and does compute.
  std::optional<Refused> firstRefused;
  int refused = 0, asAsked = 0;
  /// Of each shape the one whose error is furthest above the budget, and the number of all.
  std::vector<Excess> excesses;
  int beyondBudget = 0;
};

} // namespace quern::passes
