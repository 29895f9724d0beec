// Candidates, their errors on the weights, their costs, and the choice among them.
#include "passes/conv/ConvPolicy.h"

#include <fmt/format.h>

#include <random>

namespace quern::passes {
namespace {

/// Outputs of a sample along each axis, by the number of axes: some tiles of every size.
constexpr std::array<int64_t, 3> sampleOutputs{48, 12, 6};

std::vector<float> madeUpWeights(const ConvShape &shape, int64_t outputs) {
  std::mt19937 random(2);
  std::vector<float> weights(
      static_cast<size_t>(outputs * shape.channelsPerGroup() * shape.taps()));
  for (float &w : weights) // about normal: the sum of four uniform numbers
    w = static_cast<float>(
        (static_cast<double>(random()) + random() + random() + random()) * 0x1p-32 - 2);
  return weights;
}

std::vector<ConvCandidate> allCandidates(const ConvShape &shape, const ConvPolicy &policy) {
  std::vector<ConvCandidate> candidates;
  for (const ConvAlgorithm *algorithm : convAlgorithms()) {
    ConvCandidate candidate{.algorithm = algorithm->kind()};
    candidate.refusal = algorithm->refusal(shape);
    if (candidate.refusal.empty() && policy.machine.isDevice &&
        algorithm->kind() != ir::ConvAlgorithm::direct)
      candidate.refusal = "devices compute convolutions directly";
    if (!candidate.refusal.empty()) {
      candidates.push_back(candidate);
      continue;
    }
    for (const Tile &tile : algorithm->tiles(shape)) {
      candidate.tile = tile;
      candidate.cost = algorithm->cost(shape, tile, policy.machine);
      candidates.push_back(candidate);
    }
  }
  return candidates;
}

bool isWithinWorkspace(const ConvCandidate &candidate, const ConvPolicy &policy) {
  return !policy.maxWorkspace || candidate.cost.workspaceBytes <= *policy.maxWorkspace;
}

/// Orders candidates by what was measured, else by what was estimated.
double timeOf(const ConvCandidate &candidate) {
  return candidate.milliseconds ? *candidate.milliseconds : candidate.cost.microseconds / 1000;
}

/// Measures errors, cheapest candidate first, until one is within the budget and (with `all`) of
/// the others too; those beyond it are refused.
class ErrorCheck {
public:
  ErrorCheck(const ConvShape &shape, std::optional<FilterView> filter, double maxError)
      : maxError(maxError) {
    if (!filter) {
      int64_t outputs = std::min<int64_t>(shape.outChannels, 4);
      weights = madeUpWeights(shape, outputs);
      filter = FilterView{weights, outputs, shape.channelsPerGroup()};
    }
    std::vector<int64_t> along(shape.axes.size(), sampleOutputs[shape.axes.size() - 1]);
    sample = drawSample(shape, *filter, along);
  }

  /// Whether the candidate is within the budget.
  bool passes(ConvCandidate &candidate) {
    const ConvAlgorithm &algorithm = convAlgorithm(candidate.algorithm);
    candidate.error = compareToExact(sample, algorithm.simulate(sample, candidate.tile));
    if (candidate.error->max <= maxError)
      return true;
    candidate.refusal = fmt::format("error {:.1e} exceeds the budget", candidate.error->max);
    return false;
  }

private:
  double maxError;
  std::vector<float> weights;
  SampleConv sample;
};

/// The one with the least error, for want of any within the budget.
ConvCandidate *mostAccurate(std::vector<ConvCandidate> &candidates) {
  ConvCandidate *best = nullptr;
  for (ConvCandidate &candidate : candidates)
    if (candidate.error && (!best || candidate.error->max < best->error->max))
      best = &candidate;
  return best;
}

void settle(ConvDecision &decision, const ConvCandidate &chosen, std::string reason) {
  decision.algorithm = chosen.algorithm;
  decision.tile = chosen.tile;
  decision.reason = std::move(reason);
}

void decideAmong(ConvDecision &decision, ErrorCheck &check, const ConvPolicy &policy) {
  for (ConvCandidate &candidate : decision.candidates)
    if (candidate.refusal.empty() && !isWithinWorkspace(candidate, policy))
      candidate.refusal =
          fmt::format("workspace of {} bytes exceeds the budget", candidate.cost.workspaceBytes);
  bool anyFits = false;
  for (ConvCandidate &candidate : decision.candidates)
    if (candidate.refusal.empty())
      anyFits |= check.passes(candidate);
  if (!anyFits) {
    ConvCandidate *best = mostAccurate(decision.candidates);
    settle(decision, best ? *best : decision.candidates.front(),
           best ? fmt::format("the least error: none is within {:.1e}", policy.maxError)
                : "none is within the budgets");
    return;
  }
  if (policy.mode == ConvMode::measure && policy.timer)
    policy.timer->measure(decision.shape, decision.candidates);
  const ConvCandidate *best = nullptr;
  for (const ConvCandidate &candidate : decision.candidates)
    if (candidate.refusal.empty() && (!best || timeOf(candidate) < timeOf(*best)))
      best = &candidate;
  settle(decision, *best, best->milliseconds ? "fastest as measured" : "fastest by the cost model");
}

/// The named algorithm, or direct where that cannot be. Its variant is the fastest by the cost
/// model; budgets do not bind what the user names.
void decideFixed(ConvDecision &decision, const ConvPolicy &policy) {
  const ConvCandidate *best = nullptr;
  std::string why;
  for (const ConvCandidate &candidate : decision.candidates) {
    if (candidate.algorithm != policy.algorithm)
      continue;
    if (!candidate.refusal.empty())
      why = candidate.refusal;
    else if ((policy.tile.empty() || policy.tile == candidate.tile) &&
             (!best || timeOf(candidate) < timeOf(*best)))
      best = &candidate;
  }
  if (best)
    return settle(decision, *best, "as asked");
  if (why.empty())
    why = fmt::format("no such variant as {}", variantText(policy.algorithm, policy.tile));
  settle(decision, decision.candidates.front(),
         fmt::format("{} does not apply: {}", variantText(policy.algorithm, {}), why));
}

} // namespace

std::string variantText(ir::ConvAlgorithm algorithm, llvm::ArrayRef<int64_t> tile) {
  std::string text = ir::stringifyConvAlgorithm(algorithm).str();
  for (auto [index, extent] : llvm::enumerate(tile))
    text += fmt::format("{}{}", index == 0 ? " " : "x", extent);
  return text;
}

ConvDecision decide(const ConvShape &shape, std::optional<FilterView> filter,
                    const ConvPolicy &policy) {
  ConvDecision decision;
  decision.shape = shape;
  decision.candidates = allCandidates(shape, policy);
  if (policy.mode == ConvMode::fixed) {
    decideFixed(decision, policy);
    return decision;
  }
  ErrorCheck check(shape, filter, policy.maxError);
  decideAmong(decision, check, policy);
  return decision;
}

} // namespace quern::passes
