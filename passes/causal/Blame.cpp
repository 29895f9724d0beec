#include "passes/causal/Blame.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"
#include "passes/causal/ReceptiveField.h"

namespace quern::passes {
namespace {

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

/// The rank of the position at which an element of a feature map lies, if the map's axes are the
/// input's: where it is smaller or larger, in proportion.
std::optional<int64_t> ownRank(const Positions &positions, int64_t inputAxes, mlir::Value map,
                               llvm::ArrayRef<int64_t> element) {
  llvm::ArrayRef<int64_t> shape = shapeOf(map);
  if (static_cast<int64_t>(shape.size()) != inputAxes)
    return std::nullopt;
  llvm::SmallVector<int64_t> position;
  for (auto [axis, extent] :
       llvm::zip_equal(positions.contract().getInputAxes(), positions.extents())) {
    if (shape[axis] % extent != 0 && extent % shape[axis] != 0)
      return std::nullopt;
    position.push_back(element[axis] * extent / shape[axis]);
  }
  return positions.rankOf(position);
}

/// Whether a step brings the elements of a value to other places, as one that reverses does.
bool changesPlaces(const PathStep &step) {
  auto gather = llvm::dyn_cast<ir::GatherOp>(step.op);
  return gather && gather.getInput().getType() == gather.getResult().getType();
}

/// The ranks of the positions of a step's element and of what that reads, where they are known.
struct StepRanks {
  std::optional<int64_t> own, read;

  StepRanks(const CausalAnalysis &analysis, const PathStep &step) {
    const Positions &positions = analysis.positions;
    if (auto attention = llvm::dyn_cast<ir::AttentionOp>(step.op)) {
      bool areOfPositions = shapeOf(attention.getQuery())[2] == positions.count() &&
                            shapeOf(attention.getKey())[2] == positions.count();
      int64_t query = step.element[2], key = step.readElement[2];
      own = areOfPositions ? positions.rankOfNumber(query) : query;
      read = areOfPositions ? positions.rankOfNumber(key) : key;
    } else if (step.tapName == TapName::offset || changesPlaces(step)) {
      auto axes = static_cast<int64_t>(shapeOf(analysis.input()).size());
      own = ownRank(positions, axes, step.op->getResult(0), step.element);
      read = ownRank(positions, axes, step.op->getOperand(0), step.readElement);
    }
  }
};

/// How far ahead of its own position a step reads.
int64_t distanceAhead(const CausalAnalysis &analysis, const PathStep &step) {
  StepRanks ranks(analysis, step);
  if (ranks.own && ranks.read)
    return *ranks.read - *ranks.own;
  if (step.tapName != TapName::offset)
    return 0;
  int64_t distance = 0;
  for (auto [offset, extent] :
       llvm::zip_equal(step.tap, shapeOf(step.op->getOperand(0)).take_back(step.tap.size())))
    distance = distance * extent + offset;
  return distance;
}

/// The step that reads farthest ahead, by `distance`; of several the nearest to the input.
std::optional<size_t> farthestAhead(llvm::ArrayRef<PathStep> steps,
                                    llvm::function_ref<int64_t(const PathStep &)> distance) {
  std::optional<size_t> found;
  int64_t farthest = 1;
  for (auto [at, step] : llvm::enumerate(steps))
    if (int64_t own = distance(step); own >= farthest) {
      farthest = own;
      found = at;
    }
  return found;
}

std::optional<size_t> farthestTap(const CausalAnalysis &analysis, llvm::ArrayRef<PathStep> steps) {
  return farthestAhead(steps, [&](const PathStep &step) {
    return changesPlaces(step) ? 0 : distanceAhead(analysis, step);
  });
}

/// The change of places that reads farthest ahead, if the path leads to a later position: to the
/// output's own it may lead there and back.
std::optional<size_t> farthestMove(const CausalAnalysis &analysis, const Counterexample &path) {
  const Positions &positions = analysis.positions;
  if (positions.rankOf(path.inputPosition) <= positions.rankOf(path.outputPosition))
    return std::nullopt;
  return farthestAhead(path.steps, [&](const PathStep &step) {
    return changesPlaces(step) ? distanceAhead(analysis, step) : 0;
  });
}

/// Judges whole layers by their masks: the units in between have no position of their own, so that
/// one element's reads do not tell which layer should not have let them through.
class MaskedLayers {
public:
  explicit MaskedLayers(const CausalAnalysis &analysis)
      : analysis(analysis), deadlines(sweepBack(analysis, untilDeadline())) {}

  /// Whether a step goes through a masked layer of the model's body.
  static bool has(const CausalAnalysis &analysis, const PathStep &step) {
    return llvm::isa<ir::ContractOp>(step.op) &&
           llvm::isa<mlir::func::FuncOp>(step.op->getParentOp()) &&
           llvm::any_of(analysis.available.readsOf(step.op),
                        [](const Read &read) { return read.mask.has_value(); });
  }

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

/// The masked layer that would be right with the least change; of equals the nearest to the output.
std::optional<size_t> leastWrongMask(const CausalAnalysis &analysis,
                                     llvm::ArrayRef<PathStep> steps) {
  std::optional<MaskedLayers> layers;
  std::optional<size_t> found;
  double least = 0;
  for (auto [at, step] : llvm::enumerate(steps)) {
    if (!MaskedLayers::has(analysis, step))
      continue;
    if (!layers)
      layers.emplace(analysis);
    double share = layers->lateShare(step.op);
    if (share > 0 && (!found || share < least)) {
      least = share;
      found = at;
    }
  }
  return found;
}

/// Whether a step does what it may: it reads what its own position may, or its element lies so late
/// that who reads that is at fault.
bool isInnocent(const CausalAnalysis &analysis, const PathStep &step, int64_t outputRank) {
  const Positions &positions = analysis.positions;
  StepRanks ranks(analysis, step);
  if (!ranks.own)
    return false;
  bool isLate = *ranks.own > outputRank + analysis.ahead;
  return isLate || (ranks.read && *ranks.read <= positions.limit(*ranks.own));
}

/// Coming from the input, the first step that is not innocent and whose other taps are early
/// enough; without one, the step that reads positions farthest apart.
std::optional<size_t> firstNeedless(const CausalAnalysis &analysis, const Counterexample &path,
                                    llvm::ArrayRef<ReadsBeside> beside) {
  int64_t outputRank = analysis.positions.rankOf(path.outputPosition);
  std::optional<size_t> widest;
  for (size_t at = path.steps.size(); at-- > 0;) {
    const PathStep &step = path.steps[at];
    auto conv = llvm::dyn_cast<ir::ConvOp>(step.op);
    bool hasOneTap = conv && conv.isPointwise();
    if (step.tapName == TapName::none || hasOneTap || isInnocent(analysis, step, outputRank))
      continue;
    if (beside[at].areEarly)
      return at;
    if (!widest || beside[at].spread > beside[*widest].spread)
      widest = at;
  }
  return widest;
}

} // namespace

size_t blamedStep(const CausalAnalysis &analysis, const Counterexample &path,
                  llvm::ArrayRef<ReadsBeside> beside) {
  if (auto farthest = farthestTap(analysis, path.steps))
    return *farthest;
  if (auto mask = leastWrongMask(analysis, path.steps))
    return *mask;
  if (auto moved = farthestMove(analysis, path))
    return *moved;
  size_t last = path.steps.empty() ? 0 : path.steps.size() - 1;
  return firstNeedless(analysis, path, beside).value_or(last);
}

} // namespace quern::passes
