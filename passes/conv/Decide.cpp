// Candidates, their errors on the weights, their costs, and the choice among them.
#include "passes/conv/ConvPolicy.h"
#include "passes/conv/Exposure.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
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
  shape.maskTaps(weights);
  return weights;
}

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
  // Estimates are not so far off that a kernel had to be compiled for more.
  constexpr int64_t hopeless = 16, least = 64 * 1024;
  int64_t budget = *policy.maxWorkspace, bytes = candidate.cost.workspaceBytes;
  if (policy.workspace && bytes / hopeless <= std::max(budget, least))
    candidate.workspaceBytes = policy.workspace(shape, candidate);
  bytes = candidate.workspaceBytes.value_or(bytes);
  if (bytes <= budget)
    return true;
  candidate.refusal = fmt::format("workspace of {}{} bytes exceeds the budget",
                                  candidate.workspaceBytes ? "" : "about ", bytes);
  return false;
}

/// Measures errors of candidates on samples; those beyond the budget are refused.
class ErrorCheck {
public:
  ErrorCheck(const ConvShape &shape, std::optional<FilterView> known,
             llvm::ArrayRef<float> observed, double maxError)
      : shape(shape), observed(observed), maxError(maxError) {
    if (!known) {
      int64_t outputs = std::min<int64_t>(shape.outChannels, 4);
      weights = madeUpWeights(shape, outputs);
      known = FilterView{weights, outputs, shape.channelsPerGroup()};
    }
    filter = *known;
    hasFiniteWeights = llvm::all_of(filter.values, [](float w) { return std::isfinite(w); });
  }

  bool isOfFiniteWeights() const { return hasFiniteWeights; }

  /// Whether the candidate is within the budget; if not, that is its refusal.
  bool passes(ConvCandidate &candidate) {
    measure(candidate);
    if (candidate.error->max <= maxError)
      return true;
    candidate.refusal = fmt::format("error {:.1e} exceeds the budget", candidate.error->max);
    return false;
  }

  void measure(ConvCandidate &candidate) {
    if (!hasFiniteWeights) {
      constexpr double infinity = std::numeric_limits<double>::infinity();
      candidate.error = MeasuredError{infinity, infinity};
      return;
    }
    const ConvAlgorithm &algorithm = convAlgorithm(candidate.algorithm);
    SampleConv sample = sampleFor(algorithm, candidate.tile);
    std::vector<float> computed = algorithm.simulate(sample, candidate.tile);
    MeasuredError error = compareToExact(sample, computed);
    // Simulated in f32; errors are as large as what each rounding loses.
    double share = computedRoundoff(shape.element) / unitRoundoff;
    error.max *= share * beyond(sample);
    error.mean *= share;
    if (double stored = storedRoundoff(shape.element); stored > unitRoundoff) {
      round(computed);
      error = {error.max + stored, compareToExact(sample, computed).mean};
    }
    candidate.error = error;
  }

private:
  SampleConv sampleFor(const ConvAlgorithm &algorithm, const Tile &tile) const {
    std::vector<double> exposed = exposures(filter, algorithm.energies(shape, filter, tile));
    std::vector<int64_t> along(shape.axes.size(), sampleOutputs[shape.axes.size() - 1]);
    SampleConv sample = drawSample(shape, filter, exposed, along, observed);
    for (std::vector<float> *values : {&sample.input, &sample.filter})
      round(*values);
    return sample;
  }

  /// How much larger than the sample's the largest error of all outputs is to be expected: the
  /// maximum of n numbers that are about normal grows as the root of log n. And something for
  /// other inputs, and for outputs that are not about normal or all alike, as those of few large
  /// weights and of sums of all inputs are (seen: 2.1).
  double beyond(const SampleConv &sample) const {
    constexpr double otherInputs = 2.2;
    auto sampled = static_cast<double>(sample.outputs * sample.outputSize());
    auto all = static_cast<double>(shape.batch * shape.outChannels);
    for (const ConvAxis &axis : shape.axes)
      all *= static_cast<double>(axis.out);
    return otherInputs * std::sqrt(std::log(std::max(all, sampled)) / std::log(sampled));
  }

  void round(std::vector<float> &values) const {
    if (storedRoundoff(shape.element) > unitRoundoff)
      for (float &value : values)
        value = static_cast<float>(roundTo(shape.element, static_cast<double>(value)));
  }

  const ConvShape &shape;
  llvm::ArrayRef<float> observed;
  double maxError;
  std::vector<float> weights; ///< made up
  FilterView filter{};
  bool hasFiniteWeights = true;
};

void settle(ConvDecision &decision, const ConvCandidate &chosen, std::string reason) {
  decision.algorithm = chosen.algorithm;
  decision.tile = chosen.tile;
  decision.reason = std::move(reason);
}

/// The candidates without refusal, those first that should be fastest.
std::vector<ConvCandidate *> inOrder(ConvDecision &decision, const ConvPolicy &policy) {
  std::vector<ConvCandidate *> order;
  for (ConvCandidate &candidate : decision.candidates) {
    bool isExcluded = llvm::is_contained(
        policy.excluded, PlannedConv{decision.shape.text(), candidate.algorithm, candidate.tile});
    if (candidate.refusal.empty() && isExcluded)
      candidate.refusal = "its kernel holds more workspace than the budget";
    if (candidate.refusal.empty())
      order.push_back(&candidate);
  }
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
  for (ConvCandidate *candidate : byError)
    if (fitsWorkspace(*candidate, decision.shape, policy))
      return settle(decision, *candidate,
                    fmt::format("the least error: none is within {:.1e}",
                                policy.errorBudget(decision.shape)));
  decision.fitsWorkspace = false;
  settle(decision, direct, "none is within the budgets");
}

/// The first within the budget on errors: the others are slower by the model.
void decideByModel(ConvDecision &decision, ErrorCheck &check, const ConvPolicy &policy) {
  std::vector<ConvCandidate *> inaccurate;
  for (ConvCandidate *candidate : inOrder(decision, policy)) {
    if (!check.passes(*candidate))
      inaccurate.push_back(candidate);
    else if (fitsWorkspace(*candidate, decision.shape, policy))
      return settle(decision, *candidate, "fastest by the cost model");
  }
  settleMostAccurate(decision, inaccurate, policy);
}

/// Times all within the budget on errors that are not hopeless by the model.
void decideByTime(ConvDecision &decision, ErrorCheck &check, const ConvPolicy &policy) {
  constexpr double hopeless = 4;
  std::vector<ConvCandidate> worthTiming;
  std::vector<ConvCandidate *> inaccurate;
  std::optional<double> best;
  for (ConvCandidate *candidate : inOrder(decision, policy)) {
    if (best && candidate->cost.microseconds > hopeless * *best)
      break;
    if (!check.passes(*candidate)) {
      inaccurate.push_back(candidate);
      continue;
    }
    if (!fitsWorkspace(*candidate, decision.shape, policy))
      continue;
    best = best.value_or(candidate->cost.microseconds);
    worthTiming.push_back(*candidate);
  }
  if (worthTiming.empty())
    return settleMostAccurate(decision, inaccurate, policy);
  policy.timer->measure(decision.shape, worthTiming);
  const ConvCandidate *fastest = nullptr;
  for (const ConvCandidate &timed : worthTiming) {
    for (ConvCandidate &candidate : decision.candidates)
      if (candidate.algorithm == timed.algorithm && candidate.tile == timed.tile)
        candidate = timed;
    if (timed.milliseconds && (!fastest || *timed.milliseconds < *fastest->milliseconds))
      fastest = &timed;
  }
  settle(decision, fastest ? *fastest : worthTiming.front(),
         fastest ? "fastest as measured" : "fastest by the cost model: none could be timed");
}

/// The named algorithm, or direct where that cannot be. Its variant is the fastest by the cost
/// model; budgets do not bind what the user names.
void decideFixed(ConvDecision &decision, ErrorCheck &check, const ConvPolicy &policy) {
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
      check.measure(*best);
    return settle(decision, *best, "as asked");
  }
  if (why.empty())
    why = notOffered(decision.shape, policy.algorithm, policy.tile);
  settle(decision, decision.candidates.front(),
         fmt::format("{} does not apply: {}", variantText(policy.algorithm, {}), why));
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
  std::string others;
  for (const Tile &other : convAlgorithm(algorithm).tiles(shape))
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
  ErrorCheck check(shape, filter, observed, policy.errorBudget(shape));
  decision.hasFiniteWeights = check.isOfFiniteWeights();
  if (policy.mode == ConvMode::fixed)
    decideFixed(decision, check, policy);
  else if (policy.mode == ConvMode::measure && policy.timer)
    decideByTime(decision, check, policy);
  else
    decideByModel(decision, check, policy);
  return decision;
}

} // namespace quern::passes
