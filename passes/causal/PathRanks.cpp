#include "passes/causal/PathRanks.h"

#include "ir/Infer.h"

namespace quern::passes {
namespace {

/// For each ordered axis of the contract that of a value which runs along it; one for all, where
/// they are flattened.
using Axes = llvm::SmallVector<int64_t>;

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }
mlir::Value resultOf(const PathStep &step) { return step.op->getResult(0); }
mlir::Value operandOf(const PathStep &step) { return step.op->getOperand(step.operand); }

/// The axes of a range along which there is more than one element.
Axes longAxes(AxisRange range, llvm::ArrayRef<int64_t> shape) {
  Axes axes;
  for (int64_t axis = range.first; axis < range.first + range.count; ++axis)
    if (shape[axis] > 1)
      axes.push_back(axis);
  return axes;
}

/// Which axis of the operand goes with an axis of the result although all of it is read.
std::optional<int64_t> pairedAxis(const PathStep &step) {
  if (llvm::isa<ir::AttentionOp>(step.op) && step.operand > 0)
    return 2;
  if (llvm::isa<ir::ConvOp>(step.op))
    return 1;
  return std::nullopt;
}

/// One end of a step: its result or what that reads.
struct End {
  AxisRange AxisMap::*range;
  llvm::ArrayRef<int64_t> shape;
};

/// The axes at one end of a step that go with those at the other; nothing where one has none.
std::optional<Axes> axesAcross(const PathStep &step, const Read &read, const Axes &axes, End from,
                               End to) {
  Axes across;
  for (size_t at = 0; at < axes.size();) {
    int64_t axis = axes[at];
    if (axis == pairedAxis(step)) {
      across.push_back(axis);
      ++at;
      continue;
    }
    auto map = llvm::find_if(read.maps,
                             [&](const AxisMap &map) { return (map.*from.range).contains(axis); });
    if (map == read.maps.end())
      return std::nullopt;
    AxisRange source = (*map).*from.range, target = (*map).*to.range;
    bool isPair = source.count == 1 && target.count == 1;
    Axes sources = isPair ? Axes{axis} : longAxes(source, from.shape);
    Axes targets = isPair ? Axes{target.first} : longAxes(target, to.shape);
    if (sources.empty() || targets.empty() ||
        llvm::ArrayRef(axes).slice(at).take_front(sources.size()) != llvm::ArrayRef(sources))
      return std::nullopt;
    llvm::append_range(across, targets);
    at += sources.size();
  }
  return across;
}

/// The ordered axes at both ends of each step.
class PathAxes {
public:
  PathAxes(const CausalAnalysis &analysis, llvm::ArrayRef<PathStep> steps)
      : analysis(analysis), steps(steps) {
    followDown();
    // What exchanges ordered axes for good brings elements to other places.
    exchangesMove =
        !steps.empty() && endsAtInput() && operands.back() && *operands.back() != inputAxes();
    if (exchangesMove)
      followDown();
    followUp();
  }

  std::vector<std::optional<Axes>> results, operands;

private:
  Axes inputAxes() const {
    return Axes(llvm::ArrayRef(analysis.positions.contract().getInputAxes()));
  }
  bool endsAtInput() const { return operandOf(steps.back()) == analysis.input(); }

  /// Whether a step reads what the next one computes: none does where the path enters a scan's body
  /// or leaves it.
  bool isJoined(size_t at) const { return operandOf(steps[at]) == resultOf(steps[at + 1]); }

  void followDown() {
    results.assign(steps.size(), std::nullopt);
    operands.assign(steps.size(), std::nullopt);
    std::optional<Axes> axes;
    if (!steps.empty() && resultOf(steps.front()) == analysis.output())
      axes = Axes(llvm::ArrayRef(analysis.positions.contract().getOutputAxes()));
    for (size_t at = 0; at < steps.size() && axes; ++at) {
      results[at] = axes;
      operands[at] = axes = across(steps[at], *axes, true);
      if (at + 1 < steps.size() && !isJoined(at))
        return;
    }
  }

  /// Where both ways lead to a value, as to scores of queries and keys, its axis is the input's.
  void followUp() {
    std::optional<Axes> axes;
    if (!steps.empty() && endsAtInput())
      axes = inputAxes();
    for (size_t at = steps.size(); at-- > 0 && axes;) {
      operands[at] = axes;
      axes = across(steps[at], *axes, false);
      if (axes)
        results[at] = axes;
      if (at > 0 && !isJoined(at - 1))
        return;
    }
  }

  std::optional<Axes> across(const PathStep &step, const Axes &axes, bool isDown) const {
    if (llvm::isa<ir::ScanOp>(step.op))
      return std::nullopt;
    const auto &reads = analysis.available.readsOf(step.op);
    auto read =
        llvm::find_if(reads, [&](const Read &read) { return read.operand == step.operand; });
    End result{&AxisMap::result, shapeOf(resultOf(step))};
    End operand{&AxisMap::operand, shapeOf(operandOf(step))};
    std::optional<Axes> found = isDown ? axesAcross(step, *read, axes, result, operand)
                                       : axesAcross(step, *read, axes, operand, result);
    if (found && exchangesMove &&
        std::is_permutation(found->begin(), found->end(), axes.begin(), axes.end()))
      return axes;
    return found;
  }

  const CausalAnalysis &analysis;
  llvm::ArrayRef<PathStep> steps;
  bool exchangesMove = false;
};

/// The extents of a value along axes.
Axes extentsAlong(const Axes &axes, mlir::Value value) {
  Axes extents;
  for (int64_t axis : axes)
    extents.push_back(shapeOf(value)[axis]);
  return extents;
}

bool areInProportion(int64_t a, int64_t b) { return a % b == 0 || b % a == 0; }

/// Whether a step moves elements along axes without scaling these.
bool isShift(const PathStep &step) {
  if (auto slice = llvm::dyn_cast<ir::SliceOp>(step.op))
    return llvm::all_of(slice.getStrides(), [](int64_t stride) { return stride == 1; });
  return llvm::isa<ir::PadOp, ir::ConcatOp>(step.op);
}

/// Names positions.
class Ranker {
public:
  explicit Ranker(const Positions &positions) : positions(positions) {}

  StepRanks of(const PathStep &step, const std::optional<Axes> &result,
               const std::optional<Axes> &operand) const {
    Axes resultGrid, operandGrid;
    if (result)
      resultGrid = extentsAlong(*result, resultOf(step));
    if (operand)
      operandGrid = extentsAlong(*operand, operandOf(step));
    if (result && operand && isShift(step) && result->size() == operand->size())
      resultGrid = operandGrid = commonGrid(resultGrid, operandGrid);
    StepRanks ranks;
    if (result)
      ranks.own = rankOf(*result, resultGrid, step.element);
    if (operand)
      ranks.read = rankOf(*operand, operandGrid, step.readElement);
    return ranks;
  }

private:
  /// The extents of the order along so many axes: its own, or that of all positions in one row.
  Axes extents(size_t axes) const {
    if (axes == positions.extents().size())
      return Axes(positions.extents());
    return axes == 1 ? Axes{positions.count()} : Axes{};
  }

  /// What is cut off or padded keeps the scale of the end that fits the order; of two the shorter.
  Axes commonGrid(const Axes &result, const Axes &operand) const {
    Axes grid = extents(result.size());
    for (auto [extent, a, b] : llvm::zip(grid, result, operand)) {
      int64_t shorter = std::min(a, b), longer = std::max(a, b);
      if (a == extent || b == extent)
        continue;
      if (areInProportion(extent, shorter))
        extent = shorter;
      else if (areInProportion(extent, longer))
        extent = longer;
    }
    return grid;
  }

  /// The rank of the position at which an element lies on a grid of these extents: where that is
  /// coarser or finer than the order's, in proportion.
  std::optional<int64_t> rankOf(const Axes &axes, const Axes &grid,
                                llvm::ArrayRef<int64_t> element) const {
    Axes order = extents(axes.size()), position;
    if (order.empty())
      return std::nullopt;
    for (auto [axis, count, extent] : llvm::zip_equal(axes, grid, order)) {
      if (!areInProportion(count, extent))
        return std::nullopt;
      position.push_back(std::min(element[axis] * extent / count, extent - 1));
    }
    return position.size() == positions.extents().size() ? positions.rankOf(position)
                                                         : positions.rankOfNumber(position[0]);
  }

  const Positions &positions;
};

} // namespace

std::vector<StepRanks> ranksAlong(const CausalAnalysis &analysis, const Counterexample &path) {
  PathAxes axes(analysis, path.steps);
  Ranker ranker(analysis.positions);
  std::vector<StepRanks> ranks;
  for (auto [step, result, operand] : llvm::zip_equal(path.steps, axes.results, axes.operands))
    ranks.push_back(ranker.of(step, result, operand));
  return ranks;
}

} // namespace quern::passes
