#include "tools/quern/causal/PositionAxes.h"

#include "ir/Infer.h"

namespace quern::tools {

/// From an operand to the result, or back: an axis runs along the order if the one does from which
/// its coordinates follow.
void PositionAxes::follow(const passes::CausalAnalysis &analysis, mlir::Operation &op,
                          bool isForwards) {
  auto pass = [&](mlir::Value from, passes::AxisRange along, mlir::Value to,
                  passes::AxisRange toAlong) {
    auto axesOf = [](passes::AxisRange range) {
      return llvm::seq(range.first, range.first + range.count);
    };
    if (llvm::any_of(axesOf(along), [&](int64_t axis) { return contains(from, axis); }))
      for (int64_t axis : axesOf(toAlong))
        known.insert({to, axis});
  };
  if (auto scan = llvm::dyn_cast<ir::ScanOp>(op)) {
    // What it computes at a step has that step's position.
    for (mlir::Value result : scan.getResults())
      for (int64_t axis = 0; axis < ir::tensorType(result).getRank(); ++axis)
        known.insert({result, axis});
    return;
  }
  mlir::Value result = op.getResult(0);
  for (const passes::Read &read : analysis.available.readsOf(&op))
    for (const passes::AxisMap &map : read.maps)
      if (isForwards)
        pass(op.getOperand(read.operand), map.operand, result, map.result);
      else
        pass(result, map.result, op.getOperand(read.operand), map.operand);
}

PositionAxes::PositionAxes(const passes::CausalAnalysis &analysis) {
  ir::CausalAttr contract = analysis.positions.contract();
  for (int64_t axis : contract.getInputAxes())
    known.insert({analysis.input(), axis});
  for (int64_t axis : contract.getOutputAxes())
    known.insert({analysis.output(), axis});
  mlir::func::FuncOp model = analysis.model;
  auto ops = model.front().without_terminator();
  for (mlir::Operation &op : ops)
    follow(analysis, op, /*isForwards=*/true);
  for (mlir::Operation &op : llvm::reverse(ops))
    follow(analysis, op, /*isForwards=*/false);
}

} // namespace quern::tools
