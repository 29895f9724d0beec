#include "passes/conv/ConvNotices.h"

#include "ir/SourceLocation.h"
#include "passes/conv/ErrorClaims.h"

#include <fmt/format.h>

#include <cmath>

namespace quern::passes {
namespace {

std::string nameOf(mlir::Operation *op) {
  std::string label = ir::labelText(op->getLoc());
  return label.empty() ? "this convolution" : "'" + label + "'";
}

} // namespace

void ConvNotices::note(mlir::Operation *op, const ConvDecision &decision,
                       llvm::function_ref<std::string()> parameterNotFinite) {
  if (!decision.hasFiniteWeights) {
    if (++notFinite == 1)
      firstNotFinite = {op, parameterNotFinite()};
    return;
  }
  bool isAsAsked = decision.algorithm == policy.algorithm &&
                   (policy.tile.empty() || decision.tile == policy.tile);
  if (policy.mode == ConvMode::fixed && !isAsAsked) {
    bool isProduct = decision.shape.isProduct;
    refused += isProduct ? 0 : 1; // of products nobody expects it
    if (!firstRefused || (firstRefused->isProduct && !isProduct))
      firstRefused = {op, decision.reason, isProduct};
  } else {
    ++asAsked;
  }
  double budget = policy.errorBudget(decision.shape);
  const ConvCandidate *chosen = decision.chosen();
  if (chosen && chosen->error && chosen->error->max > budget)
    noteExcess({op, decision.shape.text(), variantText(chosen->algorithm, chosen->tile),
                chosen->error->max, budget, *leastError(decision, budget)});
}

void ConvNotices::noteExcess(Excess excess) {
  ++beyondBudget;
  auto known =
      llvm::find_if(excesses, [&](const Excess &other) { return other.shape == excess.shape; });
  if (known == excesses.end())
    excesses.push_back(std::move(excess));
  else if (known->least.error->max < excess.least.error->max)
    *known = std::move(excess);
}

/// Of those that are beyond the budget on errors: what is within that is beyond another.
const ConvCandidate *ConvNotices::leastError(const ConvDecision &decision, double budget) {
  const ConvCandidate *least = decision.chosen();
  for (const ConvCandidate &candidate : decision.candidates)
    if (candidate.error && candidate.error->max > budget &&
        candidate.error->max < least->error->max)
      least = &candidate;
  return least;
}

mlir::LogicalResult ConvNotices::tell() {
  warnOfWeights();
  if (mlir::failed(tellOfRefused()))
    return mlir::failure();
  warnOfErrors();
  return mlir::success();
}

void ConvNotices::warnOfWeights() const {
  if (!firstNotFinite)
    return;
  const auto &[op, parameter] = *firstNotFinite;
  std::string text = fmt::format(
      "the weights of {} are not all finite numbers, nor will be what it computes: ", nameOf(op));
  text += parameter.empty()
              ? "its parameters are, but what the layers around it make of them is not"
              : fmt::format("parameter '{}' holds NaN or infinity", parameter);
  if (notFinite > 1)
    text += fmt::format(" ({} convolutions have such weights, this one first)", notFinite);
  op->emitWarning(text);
}

/// Who names an algorithm may mean all that it computes; who names a tile has looked at a layer,
/// and is mistaken if it is of none.
mlir::LogicalResult ConvNotices::tellOfRefused() const {
  if (!firstRefused)
    return mlir::success();
  mlir::Operation *op = firstRefused->op;
  std::string variant = variantText(policy.algorithm, policy.tile);
  if (asAsked == 0 && !policy.tile.empty())
    return op->emitError(fmt::format(
        "nothing can be computed by {}: {}; --conv {} leaves the tile to the cost model, --conv "
        "auto the algorithm, too",
        variant, firstRefused->reason, ir::stringifyConvAlgorithm(policy.algorithm).str()));
  if (asAsked == 0) {
    op->emitWarning(
        fmt::format("nothing is computed by {}, all directly: {}", variant, firstRefused->reason));
  } else if (refused > 0) {
    std::string text = fmt::format(
        "{} of {} convolutions are computed directly, {} first: {}; --plan tells of all", refused,
        refused + asAsked, nameOf(op), firstRefused->reason);
    policy.tile.empty() ? op->emitRemark(text) : op->emitWarning(text);
  }
  return mlir::success();
}

/// Of each shape, or, where there are many, of the one that is furthest from the budget.
void ConvNotices::warnOfErrors() {
  constexpr size_t many = 4;
  llvm::stable_sort(excesses, [](const Excess &a, const Excess &b) {
    return a.least.error->max > b.least.error->max;
  });
  bool areMany = excesses.size() >= many;
  for (const Excess &excess : llvm::ArrayRef(excesses).take_front(areMany ? 1 : many)) {
    std::string text = excessText(excess);
    if (areMany)
      text += fmt::format(" ({} convolutions of {} shapes are beyond it, this one by most; --plan "
                          "tells of all)",
                          beyondBudget, excesses.size());
    excess.op->emitWarning(text);
  }
}

std::string ConvNotices::excessText(const Excess &excess) const {
  if (policy.mode == ConvMode::fixed)
    return fmt::format("{} is computed by {} with an error of {} claimed by samples, above the "
                       "budget of {:.1e}, as it was asked for by name; --conv auto keeps the "
                       "budget where that can be",
                       nameOf(excess.op), excess.variant, claimText(excess.error), excess.budget);
  const ConvCandidate &least = excess.least;
  std::string variant = variantText(least.algorithm, least.tile),
              error = claimText(least.error->max);
  std::string text =
      fmt::format("no algorithm keeps the budget of {:.1e} on the error of {}: the least that "
                  "samples claim is {}, of {}",
                  excess.budget, nameOf(excess.op), error, variant);
  text += excess.variant == variant ? ", which is chosen"
                                    : fmt::format("; {} is chosen, of which they claim {}",
                                                  excess.variant, claimText(excess.error));
  return std::isinf(least.error->max) ? text : text + "; --max-error " + error + " would keep it";
}

} // namespace quern::passes
