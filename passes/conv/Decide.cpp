// Candidates, their errors on the weights, their costs, and the choice among them.
#include "passes/ByteText.h"
#include "passes/conv/ConvPolicy.h"
#include "passes/conv/ErrorClaims.h"

#include <fmt/format.h>

namespace quern::passes {
namespace {

std::vector<ConvCandidate> allCandidates(const ConvShape &shape, std::optional<FilterView> filter,
                                         const ConvPolicy &policy) {
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
    bool isNamed = policy.mode == ConvMode::fixed && policy.algorithm == algorithm->kind();
    for (const Tile &tile : algorithm->tilesWith(
             shape, filter, isNamed ? llvm::ArrayRef<Tile>(policy.tile) : llvm::ArrayRef<Tile>())) {
      candidate.tile = tile;
      candidate.refusal = algorithm->weightRefusal(shape, tile, filter);
      candidate.cost = algorithm->cost(shape, tile, policy.machine);
      candidates.push_back(candidate);
    }
  }
  return candidates;
}

/// Whether the candidate is within the budget on workspace; if not, that is its refusal.
bool fitsWorkspace(ConvCandidate &candidate, const ConvShape &shape, const ConvPolicy &policy) {
  if (!policy.maxWorkspace)
    return true;
  if (llvm::is_contained(policy.excluded,
                         PlannedConv{shape.text(), candidate.algorithm, candidate.tile})) {
    candidate.refusal = "its kernel holds more workspace than the budget";
    return false;
  }
  // Estimates are not so far off that a kernel had to be compiled for more.
  constexpr int64_t hopeless = 16, least = 64 * 1024;
  int64_t budget = *policy.maxWorkspace, bytes = candidate.cost.workspaceBytes;
  if (policy.workspace && bytes / hopeless <= std::max(budget, least))
    candidate.workspaceBytes = policy.workspace(shape, candidate);
  bytes = candidate.workspaceBytes.value_or(bytes);
  if (bytes <= budget)
    return true;
  candidate.refusal =
      fmt::format("workspace of {}{} exceeds the budget of {}",
                  candidate.workspaceBytes ? "" : "about ", byteText(bytes), byteText(budget));
  return false;
}

/// Whether the candidate is within the budget on errors; if not, that is its refusal.
bool keepsErrors(ConvCandidate &candidate, const ErrorClaims &claims, double budget) {
  candidate.error = claims.of(candidate.algorithm, candidate.tile);
  if (candidate.error->max <= budget)
    return true;
  candidate.refusal = beyondText(candidate.error->max, budget);
  return false;
}

void settle(ConvDecision &decision, const ConvCandidate &chosen, std::string reason) {
  decision.algorithm = chosen.algorithm;
  decision.tile = chosen.tile;
  decision.reason = std::move(reason);
}

/// The candidates without refusal, those first that should be fastest.
std::vector<ConvCandidate *> inOrder(ConvDecision &decision) {
  std::vector<ConvCandidate *> order;
  for (ConvCandidate &candidate : decision.candidates)
    if (candidate.refusal.empty())
      order.push_back(&candidate);
  llvm::stable_sort(order, [](const ConvCandidate *a, const ConvCandidate *b) {
    return a->cost.microseconds < b->cost.microseconds;
  });
  return order;
}

/// For want of any within the budget on errors, the one with the least that fits the workspace; or
/// direct, unless the other's error is clearly less: none is worth its time for what samples tell
/// no better.
void settleMostAccurate(ConvDecision &decision, llvm::ArrayRef<ConvCandidate *> inaccurate,
                        const ConvPolicy &policy) {
  ConvCandidate &direct = decision.candidates.front();
  if (!decision.hasFiniteWeights)
    return settle(decision, direct, "its weights are not all finite numbers");
  llvm::SmallVector<ConvCandidate *> byError(inaccurate);
  llvm::stable_sort(byError, [&](const ConvCandidate *a, const ConvCandidate *b) {
    auto rank = [&](const ConvCandidate *candidate) { // direct first where all are infinite
      return std::pair(candidate->error->max * (candidate == &direct ? clearlyLess : 1),
                       candidate != &direct);
    };
    return rank(a) < rank(b);
  });
  auto hasLess = [&](const ConvCandidate &candidate) {
    return llvm::any_of(inaccurate, [&](const ConvCandidate *other) {
      return other->error->max < candidate.error->max;
    });
  };
  for (ConvCandidate *candidate : byError)
    if (fitsWorkspace(*candidate, decision.shape, policy))
      return settle(decision, *candidate,
                    fmt::format("the least error{}: none is within {:.1e}",
                                hasLess(*candidate) ? ", or hardly more" : "",
                                policy.errorBudget(decision.shape)));
  decision.fitsWorkspace = false;
  settle(decision, direct, "none is within the budgets");
}

/// What was chosen is the fastest, by `measure`; of those within the budgets where others would be
/// faster by the model.
std::string fastestText(const char *measure, const ConvCandidate &chosen,
                        llvm::ArrayRef<ConvCandidate *> beyondBudgets) {
  std::string text = std::string("fastest ") + measure;
  size_t faster = llvm::count_if(beyondBudgets, [&](const ConvCandidate *other) {
    return other->cost.microseconds < chosen.cost.microseconds;
  });
  if (faster == 0)
    return text;
  const ConvCandidate &first = *beyondBudgets.front(); // they are in order
  text += fmt::format(" of those within the budgets; {}: {}",
                      variantText(first.algorithm, first.tile), first.refusal);
  return faster > 1 ? text + fmt::format(" (and {} more)", faster - 1) : text;
}

/// The first within the budgets: the others are slower by the model.
void decideByModel(ConvDecision &decision, const ErrorClaims &claims, const ConvPolicy &policy) {
  std::vector<ConvCandidate *> inaccurate, beyondBudgets;
  for (ConvCandidate *candidate : inOrder(decision)) {
    bool isAccurate = keepsErrors(*candidate, claims, policy.errorBudget(decision.shape));
    if (isAccurate && fitsWorkspace(*candidate, decision.shape, policy))
      return settle(decision, *candidate,
                    fastestText("by the cost model", *candidate, beyondBudgets));
    beyondBudgets.push_back(candidate);
    if (!isAccurate)
      inaccurate.push_back(candidate);
  }
  settleMostAccurate(decision, inaccurate, policy);
}

/// The candidate that is fastest as `timed`; null where none could be.
ConvCandidate *fastestOf(ConvDecision &decision, llvm::ArrayRef<ConvCandidate> timed) {
  ConvCandidate *fastest = nullptr;
  for (ConvCandidate &candidate : decision.candidates)
    for (const ConvCandidate &other : timed) {
      if (candidate.algorithm != other.algorithm || candidate.tile != other.tile)
        continue;
      candidate = other;
      if (other.milliseconds && (!fastest || *other.milliseconds < *fastest->milliseconds))
        fastest = &candidate;
    }
  return fastest;
}

/// Times all within the budgets that are not hopeless by the model.
void decideByTime(ConvDecision &decision, const ErrorClaims &claims, const ConvPolicy &policy) {
  constexpr double hopeless = 4;
  std::vector<ConvCandidate> worthTiming;
  std::vector<ConvCandidate *> inaccurate, beyondBudgets;
  for (ConvCandidate *candidate : inOrder(decision)) {
    if (!worthTiming.empty() &&
        candidate->cost.microseconds > hopeless * worthTiming.front().cost.microseconds)
      break;
    bool isAccurate = keepsErrors(*candidate, claims, policy.errorBudget(decision.shape));
    if (isAccurate && fitsWorkspace(*candidate, decision.shape, policy)) {
      worthTiming.push_back(*candidate);
      continue;
    }
    beyondBudgets.push_back(candidate);
    if (!isAccurate)
      inaccurate.push_back(candidate);
  }
  if (worthTiming.empty())
    return settleMostAccurate(decision, inaccurate, policy);
  policy.timer->measure(decision.shape, worthTiming);
  if (const ConvCandidate *fastest = fastestOf(decision, worthTiming))
    return settle(decision, *fastest, fastestText("as measured", *fastest, beyondBudgets));
  settle(decision, worthTiming.front(), "fastest by the cost model: none could be timed");
}

/// The named algorithm, or direct where that cannot be. Its variant is the fastest by the cost
/// model; budgets do not bind what the user names.
void decideFixed(ConvDecision &decision, const ErrorClaims &claims, const ConvPolicy &policy) {
  ConvCandidate *best = nullptr;
  std::string why;
  for (ConvCandidate &candidate : decision.candidates) {
    if (candidate.algorithm != policy.algorithm)
      continue;
    if (!candidate.refusal.empty())
      why = candidate.refusal;
    else if ((policy.tile.empty() || policy.tile == candidate.tile) &&
             (!best || candidate.cost.microseconds < best->cost.microseconds))
      best = &candidate;
  }
  if (best) {
    if (!policy.keepsWeights) // who keeps weights judges by them later
      best->error = claims.of(best->algorithm, best->tile);
    return settle(decision, *best, "as asked");
  }
  settle(decision, decision.candidates.front(),
         why.empty()
             ? notOffered(decision.shape, policy.algorithm, policy.tile)
             : fmt::format("{} does not apply: {}", variantText(policy.algorithm, {}), why));
}

} // namespace

ConvCandidate *ConvDecision::chosen() {
  for (ConvCandidate &candidate : candidates)
    if (candidate.algorithm == algorithm && candidate.tile == tile)
      return &candidate;
  return nullptr;
}

std::string variantText(ir::ConvAlgorithm algorithm, llvm::ArrayRef<int64_t> tile) {
  std::string text = ir::stringifyConvAlgorithm(algorithm).str();
  for (auto [index, extent] : llvm::enumerate(tile))
    text += fmt::format("{}{}", index == 0 ? " " : "x", extent);
  return text;
}

std::string notOffered(const ConvShape &shape, ir::ConvAlgorithm algorithm, const Tile &tile) {
  llvm::SmallVector<Tile> tiles = convAlgorithm(algorithm).tiles(shape);
  if (tiles.size() == 1 && tiles.front().empty())
    return fmt::format("{} has no tiles to be named", variantText(algorithm, {}));
  std::string others;
  for (const Tile &other : tiles)
    others += (others.empty() ? "" : ", ") + variantText(algorithm, other);
  if (std::string more = convAlgorithm(algorithm).otherTiles(); !more.empty())
    others += (others.empty() ? "" : ", and ") + more;
  return fmt::format("there is no {}, but {}", variantText(algorithm, tile), others);
}

ConvDecision decide(const ConvShape &shape, std::optional<FilterView> filter,
                    const ConvPolicy &policy, llvm::ArrayRef<float> observed) {
  ConvDecision decision;
  decision.shape = shape;
  decision.candidates = allCandidates(shape, filter, policy);
  ErrorClaims claims(shape, filter, observed, policy.errorBudget(shape));
  decision.hasFiniteWeights = claims.areOfFiniteWeights();
  if (policy.mode == ConvMode::fixed)
    decideFixed(decision, claims, policy);
  else if (policy.mode == ConvMode::measure && policy.timer)
    decideByTime(decision, claims, policy);
  else
    decideByModel(decision, claims, policy);
  return decision;
}

} // namespace quern::passes
