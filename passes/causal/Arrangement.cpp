#include "passes/causal/Arrangement.h"

#include "ir/HostTensor.h"
#include "passes/causal/Causality.h"
#include "passes/causal/OrderedSum.h"

#include "llvm/ADT/IntEqClasses.h"

#include <numeric>

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;

/// By the positions' ranks.
Arrangement byRank(const Positions &positions) {
  Arrangement arrangement;
  arrangement.from.resize(positions.count());
  for (int64_t number = 0; number < positions.count(); ++number)
    arrangement.from[positions.rankOfNumber(number)] = number;
  return arrangement;
}

/// raised[u] = the largest rank that element u along the ordered axis waits for.
void raise(llvm::MutableArrayRef<int64_t> raised, const RankTensor &available, int64_t axis) {
  bool isUniform = available.isUniform(axis);
  size_t at = 0;
  ir::forEachIndex(available.extents(), [&](llvm::ArrayRef<int64_t> index) {
    int64_t rank = available.data()[at++];
    for (int64_t &element : isUniform ? raised : raised.slice(index[axis], 1))
      element = std::max(element, rank);
  });
}

/// As many places for each of `positions` as most have units that wait for it.
Arrangement byTime(llvm::ArrayRef<int64_t> ranks, int64_t positions) {
  std::vector<llvm::SmallVector<int64_t>> units(positions);
  for (auto [unit, rank] : llvm::enumerate(ranks))
    units[std::max<int64_t>(rank, 0)].push_back(static_cast<int64_t>(unit));
  Arrangement arrangement;
  for (const auto &known : units)
    arrangement.each = std::max(arrangement.each, static_cast<int64_t>(known.size()));
  for (const auto &known : units) {
    llvm::append_range(arrangement.from, known);
    arrangement.from.append(arrangement.each - static_cast<int64_t>(known.size()), -1);
  }
  return arrangement;
}

/// Numbers the generated values, and joins those that meet.
class Kinds {
public:
  Kinds(mlir::func::FuncOp model, const OrderedAxes &axes) {
    for (mlir::Value argument : model.getArguments())
      add(argument, axes);
    for (mlir::Operation &op : model.front())
      for (mlir::Value result : op.getResults())
        add(result, axes);
    classes.grow(static_cast<unsigned>(values.size()));
    for (mlir::Operation &op : model.front())
      for (mlir::Value operand : op.getOperands())
        if (op.getNumResults() > 0 && numbers.contains(operand) && !orderedSumOf(&op, axes))
          for (mlir::Value result : op.getResults())
            join(operand, result);
  }
  void join(mlir::Value a, mlir::Value b) { classes.join(numbers[a], numbers[b]); }
  void finish() { classes.compress(); }
  unsigned of(mlir::Value value) const { return classes[numbers.find(value)->second]; }
  unsigned count() const { return classes.getNumClasses(); }

  std::vector<mlir::Value> values;

private:
  void add(mlir::Value value, const OrderedAxes &axes) {
    if (!axes.isGenerated(value))
      return;
    numbers[value] = static_cast<unsigned>(values.size());
    values.push_back(value);
  }

  llvm::DenseMap<mlir::Value, unsigned> numbers;
  llvm::IntEqClasses classes;
};

} // namespace

bool Arrangement::isIdentity() const {
  for (auto [place, element] : llvm::enumerate(from))
    if (element != static_cast<int64_t>(place))
      return false;
  return each == 1;
}

FailureOr<Arrangements> Arrangements::find(mlir::func::FuncOp model, ir::CausalAttr contract,
                                           const OrderedAxes &axes) {
  FailureOr<CausalAnalysis> analysis = analyseCausality(model, contract);
  if (failed(analysis))
    return failure();
  Kinds kinds(model, axes);
  kinds.join(analysis->input(), analysis->output());
  kinds.finish();
  int64_t count = analysis->positions.count();
  unsigned ranked = kinds.of(analysis->input());
  Arrangements arrangements;
  std::vector<llvm::SmallVector<int64_t>> ranks(kinds.count());
  for (mlir::Value value : kinds.values) {
    unsigned kind = arrangements.kinds[value] = kinds.of(value);
    int64_t axis = axes.of(value)[0], extent = ir::tensorType(value).getDimSize(axis);
    if (ranks[kind].empty())
      ranks[kind].assign(extent, RankTensor::never);
    if (static_cast<int64_t>(ranks[kind].size()) != extent || (kind == ranked && extent != count))
      return mlir::emitError(value.getLoc(),
                             "no step program can be derived: the ordered axis has ")
             << extent << " elements where it meets another of "
             << (kind == ranked ? count : static_cast<int64_t>(ranks[kind].size()))
             << "; step programs need as many";
    if (kind != ranked)
      raise(ranks[kind], analysis->available.of(value), axis);
  }
  for (unsigned kind = 0; kind < kinds.count(); ++kind)
    arrangements.all.push_back(std::make_unique<Arrangement>(
        kind == ranked ? byRank(analysis->positions) : byTime(ranks[kind], count)));
  return arrangements;
}

} // namespace quern::passes
