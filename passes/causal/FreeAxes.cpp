#include "passes/causal/FreeAxes.h"

namespace quern::passes {
namespace {

/// The axis of a free operand along `ordered`, an axis of the result that runs along the order; -1
/// where the operand is the same for all positions.
int64_t freeAxis(mlir::OpOperand &operand, int64_t ordered) {
  mlir::Operation *op = operand.getOwner();
  unsigned number = operand.getOperandNumber();
  if (op->hasTrait<ir::Elementwise>() || llvm::isa<ir::ConcatOp>(op)) {
    int64_t added =
        ir::tensorType(op->getResult(0)).getRank() - ir::tensorType(operand.get()).getRank();
    return std::max<int64_t>(ordered - added, -1);
  }
  if (auto contract = llvm::dyn_cast<ir::ContractOp>(op)) {
    llvm::ArrayRef<int64_t> labels = number == 0 ? contract.getLhsAxes() : contract.getRhsAxes();
    const int64_t *found =
        llvm::find(labels, contract.getResultAxes()[static_cast<size_t>(ordered)]);
    return found == labels.end() ? -1 : found - labels.begin();
  }
  // Keys that are not generated are the same for all queries.
  if (auto attention = llvm::dyn_cast<ir::AttentionOp>(op))
    return operand.get() == attention.getMask()    ? 0
           : operand.get() == attention.getQuery() ? ordered
                                                   : -1;
  return -1;
}

} // namespace

OrderedMap freeAxes(mlir::OpOperand &operand, const OrderedAxes &axes) {
  OrderedMap map;
  for (int64_t ordered : axes.of(operand.getOwner()->getResult(0)))
    map.push_back(ordered < 0 ? -1 : freeAxis(operand, ordered));
  return map;
}

} // namespace quern::passes
