#include "passes/causal/Blame.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"
#include "passes/causal/EntryTooMany.h"
#include "passes/causal/ReceptiveField.h"

#include <numeric>

namespace quern::passes {
namespace {

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

/// How far ahead of its own position a step reads through a tap; without its position, as its tap
/// says.
int64_t tapAhead(const PathStep &step, const StepRanks &ranks) {
  bool isAttention = llvm::isa<ir::AttentionOp>(step.op);
  if (step.tapName != TapName::offset && !isAttention)
    return 0;
  if (ranks.own && ranks.read)
    return *ranks.read - *ranks.own;
  if (isAttention)
    return step.readElement[2] - step.element[2];
  int64_t distance = 0;
  for (auto [offset, extent] :
       llvm::zip_equal(step.tap, shapeOf(step.op->getOperand(0)).take_back(step.tap.size())))
    distance = distance * extent + offset;
  return distance;
}

/// How far ahead a step without taps brings an element from, as one that reverses does, or one that
/// cuts off the first.
int64_t moveAhead(const PathStep &step, const StepRanks &ranks) {
  bool isKnown = step.tapName == TapName::none && ranks.own && ranks.read;
  return isKnown ? *ranks.read - *ranks.own : 0;
}

/// The step with the largest distance; of several the nearest to the input. None where none is
/// ahead.
std::optional<size_t> farthestAhead(llvm::ArrayRef<int64_t> distances) {
  std::optional<size_t> found;
  for (auto [at, distance] : llvm::enumerate(distances))
    if (distance > 0 && (!found || distance >= distances[*found]))
      found = at;
  return found;
}

/// How far ahead each step moves elements. Two that reverse may lead there and back, with steps of
/// a recurrence between: they do not count where the output sees no later position than its own.
std::vector<int64_t> movesAhead(const CausalAnalysis &analysis, const Counterexample &path,
                                llvm::ArrayRef<StepRanks> ranks) {
  const Positions &positions = analysis.positions;
  std::vector<int64_t> moves;
  llvm::SmallVector<size_t> gathers;
  for (auto [at, step] : llvm::enumerate(path.steps)) {
    moves.push_back(moveAhead(step, ranks[at]));
    if (llvm::isa<ir::GatherOp>(step.op) && moves.back() != 0)
      gathers.push_back(at);
  }
  bool isLater = positions.rankOf(path.inputPosition) > positions.rankOf(path.outputPosition);
  if (gathers.size() > 1 && !isLater)
    for (size_t at : gathers)
      moves[at] = 0;
  return moves;
}

/// Judges whole layers: the units in between have no position of their own, so that one element's
/// reads do not tell which layer should not have let them through.
class Layers {
public:
  explicit Layers(const CausalAnalysis &analysis)
      : analysis(analysis), deadlines(sweepBack(analysis, untilDeadline())) {}

  /// Which share of what a layer reads comes too late for an output that depends on it.
  double lateShare(mlir::Operation *layer) const {
    const RanksOfValues &ranks = analysis.available.values();
    mlir::Value result = layer->getResult(0);
    llvm::SmallVector<RankTensor> operands;
    for (mlir::Value operand : layer->getOperands())
      operands.push_back(ranksIn(ranks, operand));
    RankTensor until = ranksIn(deadlines, result).expandedAs(ranksIn(ranks, result));
    size_t at = 0, all = 0, late = 0;
    ir::forEachIndex(until.extents(), [&](llvm::ArrayRef<int64_t> stored) {
      int64_t deadline = analysis.positions.count() - until.data()[at++];
      llvm::SmallVector<int64_t> element = until.firstOf(stored);
      forEachRead(analysis.available.readsOf(layer), layer->getOperands(), shapeOf(result), element,
                  [&](const ElementRead &read) {
                    int64_t rank = operands[read.operand].at(read.index);
                    all += rank != RankTensor::never;
                    late += rank > deadline;
                  });
    });
    return all == 0 ? 0 : static_cast<double>(late) / static_cast<double>(all);
  }

private:
  /// Of each element of the output how far before the end the last rank lies that it may read: the
  /// earliest deadline is the largest.
  RankTensor untilDeadline() const {
    const Positions &positions = analysis.positions;
    RankTensor until = positions.outputRanks();
    for (int32_t &rank : until.data()) {
      int64_t deadline = positions.limit(rank) + analysis.ahead;
      rank = static_cast<int32_t>(std::max(positions.count() - deadline, int64_t(0)));
    }
    return until;
  }

  const CausalAnalysis &analysis;
  RanksOfValues deadlines;
};

/// Whether a step is a layer of the model's body.
bool isLayer(const PathStep &step) {
  return llvm::isa<ir::ContractOp>(step.op) &&
         llvm::isa<mlir::func::FuncOp>(step.op->getParentOp());
}

bool isMasked(const CausalAnalysis &analysis, const PathStep &step) {
  return llvm::any_of(analysis.available.readsOf(step.op),
                      [](const Read &read) { return read.mask || read.admitted; });
}

/// Whether what a layer sums up is not available all at once.
bool isMixing(const CausalAnalysis &analysis, const PathStep &step) {
  RankTensor ranks = ranksIn(analysis.available.values(), step.op->getOperand(step.operand));
  return llvm::any_of(analysis.available.readsOf(step.op), [&](const Read &read) {
    return read.operand == step.operand && llvm::any_of(read.maps, [&](const AxisMap &map) {
             return map.tapName == TapName::coordinate && !ranks.isUniform(map.operand.first);
           });
  });
}

/// Of these steps the layer that would be right with the least change; of equals the nearest to the
/// output.
std::optional<size_t> leastLate(const Layers &layers, llvm::ArrayRef<PathStep> steps,
                                llvm::ArrayRef<size_t> candidates) {
  std::optional<size_t> found;
  double least = 0;
  for (size_t at : candidates) {
    double share = layers.lateShare(steps[at].op);
    if (share > 0 && (!found || share < least)) {
      least = share;
      found = at;
    }
  }
  return found;
}

/// Where layers are masked, the one at fault: that with an entry too many; or one that has no mask
/// although it would need one; or the one whose mask is least wrong.
std::optional<size_t> wrongLayer(const CausalAnalysis &analysis, const Counterexample &path,
                                 llvm::ArrayRef<StepRanks> ranks,
                                 llvm::ArrayRef<ReadsBeside> beside) {
  llvm::SmallVector<size_t> masked, unmasked, entries;
  for (auto [at, step] : llvm::enumerate(path.steps)) {
    if (!isLayer(step))
      continue;
    if (!isMasked(analysis, step)) {
      if (isMixing(analysis, step))
        unmasked.push_back(at);
      continue;
    }
    masked.push_back(at);
    bool hasPositions = ranks[at].own && ranks[at].read;
    if (beside[at].areEarly && !hasPositions)
      entries.push_back(at);
  }
  if (masked.empty())
    return std::nullopt;
  if (auto entry = entryTooMany(analysis, path, entries))
    return entry;
  Layers layers(analysis);
  auto found = leastLate(layers, path.steps, unmasked);
  return found ? found : leastLate(layers, path.steps, masked);
}

/// Whether a step does what it may: it reads what its own position may, or its element lies so late
/// that who reads that is at fault.
bool isInnocent(const CausalAnalysis &analysis, const StepRanks &ranks, int64_t outputRank) {
  if (!ranks.own)
    return false;
  bool isLate = *ranks.own > outputRank + analysis.ahead;
  return isLate || (ranks.read && *ranks.read <= analysis.positions.limit(*ranks.own));
}

/// Whether a step computes each position from that position alone.
bool isPointwise(const PathStep &step, const StepRanks &ranks) {
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(step.op))
    return conv.isPointwise();
  return llvm::isa<ir::ContractOp>(step.op) && ranks.own && ranks.own == ranks.read;
}

/// Coming from the input, the first step that is not innocent and whose other taps are early
/// enough; without one, the step that reads positions farthest apart.
std::optional<size_t> firstNeedless(const CausalAnalysis &analysis, const Counterexample &path,
                                    llvm::ArrayRef<StepRanks> ranks,
                                    llvm::ArrayRef<ReadsBeside> beside) {
  int64_t outputRank = analysis.positions.rankOf(path.outputPosition);
  std::optional<size_t> widest;
  for (size_t at = path.steps.size(); at-- > 0;) {
    const PathStep &step = path.steps[at];
    bool isRecurrence = llvm::isa<ir::ScanOp>(step.op);
    if (step.tapName == TapName::none || isRecurrence || isPointwise(step, ranks[at]) ||
        isInnocent(analysis, ranks[at], outputRank))
      continue;
    if (beside[at].areThere && beside[at].areEarly)
      return at;
    if (!widest || beside[at].spread > beside[*widest].spread)
      widest = at;
  }
  return widest;
}

/// The step nearest to the input that reverses or looks up along axes that are not known, as in a
/// scan's body; without one, the last.
size_t nearestToInput(llvm::ArrayRef<PathStep> steps, llvm::ArrayRef<StepRanks> ranks) {
  for (size_t at = steps.size(); at-- > 0;)
    if (llvm::isa<ir::GatherOp>(steps[at].op) && steps[at].moves && !ranks[at].own)
      return at;
  return steps.empty() ? 0 : steps.size() - 1;
}

} // namespace

size_t blamedStep(const CausalAnalysis &analysis, const Counterexample &path,
                  llvm::ArrayRef<StepRanks> ranks, llvm::ArrayRef<ReadsBeside> beside) {
  std::vector<int64_t> taps;
  for (auto [step, own] : llvm::zip_equal(path.steps, ranks))
    taps.push_back(tapAhead(step, own));
  if (auto farthest = farthestAhead(taps))
    return *farthest;
  std::vector<int64_t> moves = movesAhead(analysis, path, ranks);
  std::optional<size_t> moved = farthestAhead(moves);
  if (moved && std::accumulate(moves.begin(), moves.end(), int64_t(0)) > 0)
    return *moved;
  if (auto layer = wrongLayer(analysis, path, ranks, beside))
    return *layer;
  if (auto needless = firstNeedless(analysis, path, ranks, beside))
    return *needless;
  return moved ? *moved : nearestToInput(path.steps, ranks);
}

} // namespace quern::passes
