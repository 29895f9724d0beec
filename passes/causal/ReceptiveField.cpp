#include "passes/causal/ReceptiveField.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"
#include "passes/causal/Propagate.h"
#include "passes/causal/RepeatedStep.h"

#include <numeric>

namespace quern::passes {
namespace {

constexpr int32_t in = 1;

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

void unite(RanksOfValues &sets, mlir::Value value, const RankTensor &set) {
  if (set.isAll(RankTensor::never))
    return;
  auto [entry, isNew] = sets.try_emplace(value, set);
  if (!isNew)
    entry->second.raise(set);
}

/// Walks blocks backwards, from sets of elements of their values to what those read.
class BackwardSweep {
public:
  /// With `onlyArguments`, sets of what ops give are forgotten once they have been swept through.
  BackwardSweep(ReadCache &reads, bool onlyArguments)
      : reads(reads), onlyArguments(onlyArguments) {}

  void run(mlir::Block &block, RanksOfValues &sets) {
    for (mlir::Operation &op : llvm::reverse(block.without_terminator())) {
      if (auto scan = llvm::dyn_cast<ir::ScanOp>(op)) {
        runScan(scan, sets);
        continue;
      }
      auto set = sets.find(op.getResult(0));
      if (set == sets.end())
        continue;
      set->second.compress();
      RankTensor wanted = set->second;
      if (onlyArguments)
        sets.erase(set);
      for (const Read &read : reads.of(&op)) {
        mlir::Value operand = op.getOperand(read.operand);
        unite(sets, operand, scatterMax(read, wanted, shapeOf(operand)));
      }
    }
  }

private:
  void runScan(ir::ScanOp scan, RanksOfValues &sets) {
    if (llvm::none_of(scan.getStacked(), [&](mlir::Value v) { return sets.contains(v); }))
      return;
    mlir::Block &body = scan.getBody().front();
    mlir::Operation *yield = body.getTerminator();
    size_t sequences = scan.getSequences().size(), carriedCount = scan.getInits().size();
    std::vector<std::vector<RankTensor>> elements(sequences);
    for (std::vector<RankTensor> &ofSequence : elements)
      ofSequence.reserve(static_cast<size_t>(scan.getSteps()));
    llvm::SmallVector<RankTensor> carried;
    for (mlir::Value init : scan.getInits())
      carried.emplace_back(shapeOf(init));
    auto compute = [&](llvm::ArrayRef<RankTensor> wanted) {
      RanksOfValues inside;
      for (auto [value, set] : llvm::zip_equal(yield->getOperands(), wanted))
        unite(inside, value, set);
      run(body, inside);
      return llvm::map_to_vector(body.getArguments(),
                                 [&](mlir::Value value) { return ranksIn(inside, value); });
    };
    RepeatedStep repeated;
    for (int64_t step = scan.getSteps(); step-- > 0;) {
      for (size_t i = 0; i < carriedCount; ++i)
        carried[i].raise(ranksIn(sets, scan.getStacked()[i]).slice(scan.getResultAxes()[i], step));
      const RepeatedStep::Tensors &read = repeated.of(carried, compute);
      for (size_t i = 0; i < sequences; ++i)
        elements[i].push_back(read[i]);
      carried.assign(read.begin() + sequences, read.begin() + sequences + carriedCount);
      for (auto [i, invariant] : llvm::enumerate(scan.getInvariants()))
        unite(sets, invariant, read[sequences + carriedCount + i]);
    }
    for (size_t i = 0; i < sequences; ++i) {
      std::reverse(elements[i].begin(), elements[i].end());
      unite(sets, scan.getSequences()[i], RankTensor::stack(elements[i], scan.getAxes()[i]));
    }
    for (auto [init, set] : llvm::zip_equal(scan.getInits(), carried))
      unite(sets, init, set);
  }

  ReadCache &reads;
  bool onlyArguments;
};

/// Marks the blind spot: what is generated before, lies in the box [low, high], and is not seen.
void findBlindSpot(ReceptiveField &field, const Positions &positions) {
  int64_t own = positions.rankOf(field.output);
  field.blind.assign(field.seen.size(), 0);
  if (field.low.empty())
    return;
  size_t at = 0;
  ir::forEachIndex(positions.extents(), [&](llvm::ArrayRef<int64_t> position) {
    bool isInBox = true;
    for (auto [coordinate, low, high] : llvm::zip_equal(position, field.low, field.high))
      isInBox = isInBox && coordinate >= low && coordinate <= high;
    field.blind[at] = isInBox && !field.seen[at] && positions.rankOf(position) < own;
    ++at;
  });
}

} // namespace

int64_t ReceptiveField::seenCount() const {
  return std::accumulate(seen.begin(), seen.end(), int64_t(0));
}
int64_t ReceptiveField::blindCount() const {
  return std::accumulate(blind.begin(), blind.end(), int64_t(0));
}

RanksOfValues sweepBack(const CausalAnalysis &analysis, const RankTensor &wanted,
                        bool onlyArguments) {
  RanksOfValues sets;
  unite(sets, analysis.output(), wanted);
  mlir::func::FuncOp model = analysis.model;
  BackwardSweep(analysis.available.reads(), onlyArguments).run(model.front(), sets);
  return sets;
}

ReceptiveField receptiveField(const CausalAnalysis &analysis, llvm::ArrayRef<int64_t> position) {
  const Positions &positions = analysis.positions;
  ReceptiveField field;
  field.output = llvm::to_vector(position);
  auto wanted = static_cast<int32_t>(positions.rankOf(position));
  RankTensor seed = positions.outputRanks();
  for (int32_t &rank : seed.data())
    rank = rank == wanted ? in : RankTensor::never;
  llvm::SmallVector<int64_t> axes(positions.contract().getInputAxes());
  RanksOfValues arguments = sweepBack(analysis, seed, /*onlyArguments=*/true);
  RankTensor seen = ranksIn(arguments, analysis.input()).expanded(axes);
  field.seen.assign(positions.count(), 0);
  size_t at = 0;
  ir::forEachIndex(seen.extents(), [&](llvm::ArrayRef<int64_t> index) {
    if (seen.data()[at++] != in)
      return;
    llvm::SmallVector<int64_t> place = positions.ofInput(index);
    int64_t number = 0;
    for (auto [coordinate, extent] : llvm::zip_equal(place, positions.extents()))
      number = number * extent + coordinate;
    field.seen[number] = 1;
    if (field.low.empty())
      field.low = field.high = place;
    for (size_t axis = 0; axis < place.size(); ++axis) {
      field.low[axis] = std::min(field.low[axis], place[axis]);
      field.high[axis] = std::max(field.high[axis], place[axis]);
    }
  });
  findBlindSpot(field, positions);
  return field;
}

llvm::SmallVector<int64_t> showcasePosition(const Positions &positions) {
  if (positions.extents().size() == 1)
    return positions.positionOf(positions.count() - 1);
  return llvm::map_to_vector(positions.extents(), [](int64_t extent) { return extent / 2; });
}

} // namespace quern::passes
