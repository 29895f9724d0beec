#include "tools/quern/conv/ConvChoice.h"

#include "passes/conv/ErrorClaims.h"
#include "tools/quern/Compilation.h"

#include <fmt/format.h>

#include <deque>

namespace quern::tools {
namespace {

bool isAllowed(const ConvRecord &record, const ConvSetting &setting) {
  return !record.isConditional && setting.budgets.keeps(record);
}

/// Why a record cannot be chosen whatever the others are; empty if it can.
std::string refusalOf(const ConvRecord &record, const ConvSetting &setting) {
  if (!record.isMeasured())
    return record.refusal;
  if (!setting.budgets.fitsWorkspace(record))
    return fmt::format("its workspace of {} exceeds the budget of {}",
                       byteText(record.workspaceBytes), byteText(*setting.budgets.maxWorkspace));
  return "";
}

std::string reasonAgainst(const ConvRecord &record, const ConvRecord &chosen,
                          const ConvSetting &setting) {
  if (std::string refusal = refusalOf(record, setting); !refusal.empty())
    return refusal;
  if (record.isConditional)
    return fmt::format("only for weights such as these were made up to be, which --weights tells; "
                       "takes {:.2f} times as long as the fastest of all",
                       record.msMedian / chosen.msMedian);
  if (!(record.maxError <= setting.budgets.maxError))
    return fmt::format("its error of {:.1e} exceeds the budget of {:.1e}", record.maxError,
                       setting.budgets.maxError);
  return fmt::format("{:.2f} times as long as the fastest", record.msMedian / chosen.msMedian);
}

/// The better, the less: times of what is within the budgets, errors where nothing is. Direct needs
/// not have quite the least error, as for the compiler.
double rank(const ConvRecord &record, const ConvSetting &setting) {
  if (isAllowed(record, setting))
    return record.msMedian;
  bool isDirect = record.algorithm == ir::ConvAlgorithm::direct;
  return record.maxError * (isDirect ? passes::clearlyLess : 1);
}

} // namespace

void chooseMeasured(ConvLayer &layer, const ConvSetting &setting) {
  auto isEligible = [&](const ConvRecord &record) {
    return record.isMeasured() && !record.isConditional && setting.budgets.fitsWorkspace(record);
  };
  auto isBetter = [&](const ConvRecord &a, const ConvRecord &b) {
    bool isAllowedA = isAllowed(a, setting), isAllowedB = isAllowed(b, setting);
    return isAllowedA != isAllowedB ? isAllowedA : rank(a, setting) < rank(b, setting);
  };
  for (size_t index = 0; index < layer.records.size(); ++index)
    if (isEligible(layer.records[index]) &&
        (!layer.chosen || isBetter(layer.records[index], layer.records[*layer.chosen])))
      layer.chosen = index;
  auto hasLess = [&](const ConvRecord &record) {
    return llvm::any_of(layer.records, [&](const ConvRecord &other) {
      return isEligible(other) && other.maxError < record.maxError;
    });
  };
  layer.reasons.clear();
  for (size_t index = 0; index < layer.records.size(); ++index) {
    const ConvRecord &record = layer.records[index];
    if (layer.chosen != index)
      layer.reasons.push_back(layer.chosen
                                  ? reasonAgainst(record, layer.records[*layer.chosen], setting)
                                  : refusalOf(record, setting));
    else
      layer.reasons.push_back(
          isAllowed(record, setting) ? "fastest within the budgets"
          : hasLess(record) ? "the least error, or hardly more: none keeps the budget on errors"
                            : "the least error: none keeps the budget on errors");
  }
}

namespace {

/// Weights and inputs that the compiler judges by.
struct Numbers {
  std::optional<passes::FilterView> filter;
  llvm::ArrayRef<float> input;
};

/// Those of each occurrence of a layer where inputs were observed. Else one filter of the output
/// channels of all, of which the compiler looks at the most demanding; it is put into `joined`.
std::vector<Numbers> numbersOf(const ConvLayer &layer, std::vector<double> &joined) {
  std::vector<Numbers> all;
  for (const ConvNumbers &numbers : layer.occurrences) {
    all.push_back({passes::filterView(layer.shape, numbers.filter), numbers.input});
    llvm::append_range(joined, numbers.filter);
  }
  if (llvm::any_of(all, [](const Numbers &numbers) { return !numbers.input.empty(); }))
    return all;
  std::optional<passes::FilterView> filter;
  if (!all.empty())
    filter = passes::FilterView{joined, layer.shape.outChannels * static_cast<int64_t>(all.size()),
                                layer.shape.channelsPerGroup()};
  return {{filter, {}}};
}

/// One decision for all: the pick of the occurrence that demands most, and the largest errors.
void join(passes::ConvDecision &decision, const passes::ConvDecision &other) {
  decision.fitsWorkspace = decision.fitsWorkspace && other.fitsWorkspace;
  if (other.chosen()->cost.microseconds > decision.chosen()->cost.microseconds) {
    decision.algorithm = other.algorithm;
    decision.tile = other.tile;
    decision.reason = other.reason;
  }
  for (auto [mine, theirs] : llvm::zip_equal(decision.candidates, other.candidates)) {
    if (mine.refusal.empty())
      mine.refusal = theirs.refusal;
    if (theirs.error && (!mine.error || mine.error->max < theirs.error->max))
      mine.error = theirs.error;
  }
}

/// What the compiler claims of a record, by `all` that it judges by, and why it would refuse it for
/// that though it was measured to keep the budget.
void noteClaim(ConvLayer &layer, size_t index, const std::deque<passes::ErrorClaims> &all,
               double budget) {
  const ConvRecord &record = layer.records[index];
  double claim = 0;
  for (const passes::ErrorClaims &claims : all)
    claim = std::max(claim, claims.of(record.algorithm, record.tile).max);
  layer.claims[index] = claim;
  if (record.isMeasured() && claim > budget && record.maxError <= budget)
    layer.doubts[index] =
        fmt::format("{}; {:.1e} measured here", passes::beyondText(claim, budget), record.maxError);
}

/// What the cost model makes of a record, where nothing was measured.
std::string estimatedReason(const ConvLayer &layer, size_t index,
                            const passes::ConvDecision &decision, double budget) {
  const ConvRecord &record = layer.records[index];
  if (layer.automatic == index)
    return decision.reason;
  for (const passes::ConvCandidate &candidate : decision.candidates)
    if (isVariant(record, candidate.algorithm, candidate.tile) && !candidate.refusal.empty())
      return candidate.refusal;
  // What would be slower is not judged by who decides.
  if (double claim = layer.claims[index].value_or(0); claim > budget)
    return passes::beyondText(claim, budget);
  const passes::ConvCandidate *taken = decision.chosen();
  return fmt::format("takes {:.2f} times as long as {} by the cost model",
                     1000 * layer.estimates[index] / taken->cost.microseconds,
                     passes::variantText(taken->algorithm, taken->tile));
}

} // namespace

void chooseAutomatic(ConvLayer &layer, passes::ConvPolicy policy) {
  // Where kernels were measured, what they hold is known.
  policy.workspace = [&, compile = policy.workspace](const passes::ConvShape &shape,
                                                     const passes::ConvCandidate &candidate) {
    for (const ConvRecord &record : layer.records)
      if (record.isMeasured() && isVariant(record, candidate.algorithm, candidate.tile))
        return std::optional(record.workspaceBytes);
    return compile(shape, candidate);
  };
  std::vector<double> joined;
  std::vector<Numbers> all = numbersOf(layer, joined);
  const double budget = policy.errorBudget(layer.shape);
  std::deque<passes::ErrorClaims> claims;
  std::optional<passes::ConvDecision> decision;
  for (const Numbers &numbers : all) {
    claims.emplace_back(layer.shape, numbers.filter, numbers.input, budget);
    passes::ConvDecision next = passes::decide(layer.shape, numbers.filter, policy, numbers.input);
    if (decision)
      join(*decision, next);
    else
      decision = std::move(next);
  }
  layer.fitsWorkspace = decision->fitsWorkspace;
  layer.estimates.assign(layer.records.size(), 0);
  layer.claims.assign(layer.records.size(), std::nullopt);
  layer.doubts.assign(layer.records.size(), "");
  for (size_t index = 0; index < layer.records.size(); ++index) {
    const ConvRecord &record = layer.records[index];
    if (!record.refusal.empty())
      continue;
    layer.estimates[index] = passes::convAlgorithm(record.algorithm)
                                 .cost(layer.shape, record.tile, policy.machine)
                                 .microseconds /
                             1000;
    if (decision->fitsWorkspace && decision->algorithm == record.algorithm &&
        decision->tile == record.tile)
      layer.automatic = index;
    if (!record.isConditional)
      noteClaim(layer, index, claims, budget);
    if (layer.reasons[index].empty())
      layer.reasons[index] = estimatedReason(layer, index, *decision, budget);
  }
}

} // namespace quern::tools
