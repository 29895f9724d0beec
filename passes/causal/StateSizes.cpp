#include "passes/causal/StateSizes.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "passes/causal/Propagate.h"

#include <numeric>

namespace quern::passes {
namespace {

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

/// The rank of the last step that reads each element of each value. Ops are visited in reverse, so
/// that all is known of a value before its op, and may be forgotten then.
class LastReads {
public:
  explicit LastReads(const Availability &available) : available(available) {}

  void visit(mlir::Operation &op) {
    if (auto scan = llvm::dyn_cast<ir::ScanOp>(op))
      return visitScan(scan);
    const RankTensor &own = available.of(op.getResult(0));
    if (own.isAll(RankTensor::never))
      return;
    for (const Read &read : available.readsOf(&op)) {
      mlir::Value operand = op.getOperand(read.operand);
      note(operand, scatterMax(read, own, shapeOf(operand)));
    }
  }

  RankTensor take(mlir::Value value) {
    RankTensor ranks = ranksIn(last, value);
    last.erase(value);
    return ranks;
  }

private:
  void note(mlir::Value value, const RankTensor &ranks) {
    auto [entry, isNew] = last.try_emplace(value, ranks);
    if (!isNew)
      entry->second.raise(ranks);
  }

  /// At each step the body reads that step's elements, what was carried from the step before, and
  /// the invariants.
  void visitScan(ir::ScanOp scan) {
    llvm::SmallVector<int32_t> done(scan.getSteps(), RankTensor::never);
    for (auto [result, axis] : llvm::zip_equal(scan.getStacked(), scan.getResultAxes()))
      for (int64_t step = 0; step < scan.getSteps(); ++step)
        done[step] = std::max(done[step], available.of(result).slice(axis, step).max());
    for (auto [sequence, axis] : llvm::zip_equal(scan.getSequences(), scan.getAxes()))
      note(sequence, perStep(sequence, axis, done, 0));
    for (auto [result, axis] : llvm::zip_equal(scan.getStacked(), scan.getResultAxes()))
      note(result, perStep(result, axis, done, 1));
    int32_t end = *llvm::max_element(done);
    for (mlir::Value whole : llvm::concat<mlir::Value>(llvm::to_vector(scan.getInits()),
                                                       llvm::to_vector(scan.getInvariants())))
      note(whole, RankTensor(shapeOf(whole), end));
  }

  /// Element t along `axis` is read at step t + `delay`.
  static RankTensor perStep(mlir::Value value, int64_t axis, llvm::ArrayRef<int32_t> done,
                            size_t delay) {
    llvm::SmallVector<int64_t> extents(shapeOf(value).size(), 1);
    extents[axis] = static_cast<int64_t>(done.size());
    RankTensor ranks(shapeOf(value), extents, RankTensor::never);
    for (size_t step = delay; step < done.size(); ++step)
      ranks.data()[step - delay] = done[step];
    return ranks;
  }

  const Availability &available;
  RanksOfValues last;
};

/// The most elements, of those stored, that are born at or before a step and read after it.
int64_t mostAlive(RankTensor born, RankTensor last, int64_t steps) {
  if (born.isShared(last))
    return 0;
  born = born.expandedAs(last);
  last = last.expandedAs(born);
  std::vector<int64_t> change(steps + 1, 0);
  for (auto [from, to] : llvm::zip_equal(std::as_const(born).data(), std::as_const(last).data()))
    if (to > from) {
      ++change[std::max(from, 0)];
      --change[to];
    }
  int64_t alive = 0, most = 0;
  for (int64_t difference : change) {
    alive += difference;
    most = std::max(most, alive);
  }
  return most;
}

int64_t storedPositions(const RankTensor &born, const RankTensor &last) {
  int64_t count = 1;
  for (auto [a, b] : llvm::zip_equal(born.extents(), last.extents()))
    count *= std::lcm(a, b);
  return count;
}

} // namespace

std::vector<ValueState> stateSizes(const CausalAnalysis &analysis) {
  mlir::func::FuncOp model = analysis.model;
  LastReads lastReads(analysis.available);
  std::vector<ValueState> states;
  auto add = [&](mlir::Value value) {
    RankTensor born = analysis.available.of(value), last = lastReads.take(value);
    if (born.isAll(RankTensor::never))
      return;
    int64_t alive = mostAlive(born, last, analysis.positions.count());
    if (alive > 0)
      states.push_back(
          {value, alive, ir::tensorBytes(ir::tensorType(value)) / storedPositions(born, last)});
  };
  for (mlir::Operation &op : llvm::reverse(model.front().without_terminator())) {
    lastReads.visit(op);
    for (mlir::Value result : llvm::reverse(op.getResults()))
      add(result);
  }
  add(analysis.input());
  std::reverse(states.begin(), states.end());
  return states;
}

} // namespace quern::passes
