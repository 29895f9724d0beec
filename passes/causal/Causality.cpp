#include "passes/causal/Causality.h"

#include "ir/HostTensor.h"
#include "ir/StepAttributes.h"

namespace quern::passes {

mlir::Value CausalAnalysis::output() const {
  mlir::func::FuncOp function = model;
  return function.front().getTerminator()->getOperand(positions.contract().getOutput());
}

mlir::Value CausalAnalysis::input() const {
  mlir::func::FuncOp function = model;
  return function.getArgument(positions.contract().getInput());
}

mlir::FailureOr<CausalAnalysis> analyseCausality(mlir::func::FuncOp model,
                                                 ir::CausalAttr contract) {
  mlir::FailureOr<Positions> positions = Positions::of(model, contract);
  if (mlir::failed(positions))
    return mlir::failure();
  Availability available(model, *positions);
  bool isOwn = model->getAttr(ir::names::causal) == contract;
  return CausalAnalysis{model, std::move(*positions), std::move(available),
                        isOwn ? ir::latencyOf(model) : 0};
}

Verdict judge(const CausalAnalysis &analysis) {
  return judge(analysis, analysis.available.of(analysis.output()));
}

Verdict judge(const CausalAnalysis &analysis, RankTensor available) {
  const Positions &positions = analysis.positions;
  const RankTensor &own = positions.outputRanks();
  llvm::SmallVector<int64_t> axes;
  for (int64_t axis : positions.contract().getOutputAxes())
    axes.push_back(axis);
  // Elements of one position may differ: each that the tensors tell apart is judged.
  available = available.expanded(axes);
  Verdict verdict;
  int64_t ahead = analysis.ahead, least = std::numeric_limits<int64_t>::max();
  size_t at = 0;
  ir::forEachIndex(available.extents(), [&](llvm::ArrayRef<int64_t> index) {
    llvm::SmallVector<int64_t> first = available.firstOf(index);
    int64_t rank = own.at(first), read = available.data()[at++];
    verdict.latency = std::max(verdict.latency, read - rank);
    verdict.lookAhead = std::max(verdict.lookAhead, read - positions.limit(rank));
    int64_t beyond = read - positions.limit(rank) - ahead;
    if (beyond > verdict.beyond) {
      verdict.beyond = beyond;
      verdict.farthest = first;
    }
    if (beyond > 0 && beyond < least) {
      least = beyond;
      verdict.plainest = first;
    }
  });
  verdict.isCausal = verdict.beyond == 0;
  return verdict;
}

} // namespace quern::passes
