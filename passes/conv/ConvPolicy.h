// How the algorithms of a model's convolutions are to be chosen, and what was chosen and why.
#pragma once

#include "ir/Evaluate.h"
#include "passes/conv/ConvAlgorithm.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quern::passes {

/// One way to compute a convolution, as it was judged.
struct ConvCandidate {
  ir::ConvAlgorithm algorithm = ir::ConvAlgorithm::direct;
  Tile tile = {};
  std::string refusal = {}; ///< why it does not apply, or may not be used; empty if it may
  std::optional<MeasuredError> error = {};    ///< claimed (ErrorClaims.h)
  ConvCost cost = {};                         ///< estimated
  std::optional<int64_t> workspaceBytes = {}; ///< that its compiled kernel holds, where known
  std::optional<double> milliseconds = {};    ///< measured, by mode `measure`
};

/// What a plan file says of one convolution.
struct PlannedConv {
  std::string shape; ///< ConvShape::text()
  ir::ConvAlgorithm algorithm = ir::ConvAlgorithm::direct;
  Tile tile = {};

  bool operator==(const PlannedConv &) const = default;
};

/// What was chosen for one convolution of a model.
struct ConvDecision {
  std::string label = {}; ///< of the op in the model ("layer1.0.conv1"), or empty
  ConvShape shape;
  ir::ConvAlgorithm algorithm = ir::ConvAlgorithm::direct;
  Tile tile = {};
  std::string reason = {};
  std::vector<ConvCandidate> candidates = {};
  bool fitsWorkspace = true;    ///< false where nothing is within that budget
  bool hasFiniteWeights = true; ///< neither NaN nor infinity; errors are infinite otherwise
  /// Where the policy keeps them and they are known.
  std::vector<double> weights = {};
  std::vector<float> observed = {};

  PlannedConv planned() const { return {shape.text(), algorithm, tile}; }
  /// The candidate that was chosen; null where there are no candidates, as in a replay.
  ConvCandidate *chosen();
  const ConvCandidate *chosen() const { return const_cast<ConvDecision *>(this)->chosen(); }
};

/// Where nothing is within the budget on errors, the algorithm with the least is only preferred to
/// direct if its error is less than this share of that.
inline constexpr double clearlyLess = 0.5;

enum class ConvMode {
  automatic, ///< by the cost model, within the budgets
  measure,   ///< by timing the candidates on this machine, within the budgets
  fixed,     ///< one algorithm wherever it applies, direct elsewhere
  replay,    ///< as a plan says
};

/// Times candidates on the machine that compiles. Implemented above the passes, with the code
/// generator.
class ConvTimer {
public:
  virtual ~ConvTimer() = default;
  /// Sets `milliseconds` of each candidate without refusal, or a refusal where that fails.
  virtual void measure(const ConvShape &shape, std::vector<ConvCandidate> &candidates) = 0;
};

struct ConvPolicy {
  ConvMode mode = ConvMode::fixed;
  /// For `fixed`: the algorithm; an empty tile leaves its variant to the cost model.
  ir::ConvAlgorithm algorithm = ir::ConvAlgorithm::direct;
  Tile tile = {};
  /// The largest error allowed, of the largest output of a channel; usualMaxError() of what is
  /// stored where there is none.
  std::optional<double> maxError;
  double errorBudget(const ConvShape &shape) const {
    return maxError.value_or(usualMaxError(shape.element));
  }
  /// The most memory that a convolution may hold besides input, output and weights.
  std::optional<int64_t> maxWorkspace;
  /// The memory that a candidate's compiled kernel holds besides these; nothing where it cannot be
  /// told. Where it is missing, the cost model's estimate is compared with the budget.
  std::function<std::optional<int64_t>(const ConvShape &, const ConvCandidate &)> workspace;
  Machine machine;
  /// Brings the weights; without it errors are measured on made-up ones.
  std::function<mlir::FailureOr<ir::HostTensor>(ir::ParameterOp)> load;
  /// What each convolution of the model, in order, reads in a run on inputs that the user gave:
  /// [N, C, extents...] in f32. Errors are measured on it; on made-up inputs where it is empty.
  std::vector<std::vector<float>> observed;
  /// For `measure`.
  ConvTimer *timer = nullptr;
  /// Not to be chosen: seen to break a budget.
  std::vector<PlannedConv> excluded;
  /// For `replay`: the plan, in the model's order.
  std::vector<PlannedConv> replay;
  /// Whether decisions hold the weights that they are for, and what was observed.
  bool keepsWeights = false;
  /// Where decisions are noted; may be null.
  std::vector<ConvDecision> *decisions = nullptr;
};

/// Chooses for one convolution. `filter` holds its weights; without it made-up ones are drawn. So
/// does `observed`, one of the policy's, its input.
ConvDecision decide(const ConvShape &shape, std::optional<FilterView> filter,
                    const ConvPolicy &policy, llvm::ArrayRef<float> observed = {});

/// "there is no winograd 5x5x5, but winograd 2x2, …", of a tile that an algorithm does not offer.
std::string notOffered(const ConvShape &shape, ir::ConvAlgorithm algorithm, const Tile &tile);

/// "winograd 4x4" of a kind and a tile.
std::string variantText(ir::ConvAlgorithm algorithm, llvm::ArrayRef<int64_t> tile);

} // namespace quern::passes
