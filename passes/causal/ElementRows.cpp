#include "passes/causal/ElementRows.h"

#include "ir/ElementwiseRow.h"
#include "ir/Infer.h"
#include "passes/WeightExpression.h"

#include <numeric>

namespace quern::passes {

llvm::ArrayRef<double> ElementRows::of(mlir::Value value, int64_t query) {
  std::unique_ptr<Row> &entry = rows[value];
  if (!entry)
    entry = std::make_unique<Row>();
  Row &row = *entry;
  if (row.isForAll || row.query == query)
    return row.elements;
  row.elements.resize(keys);
  row.query = query;
  compute(row, value, query);
  return row.elements;
}

void ElementRows::compute(Row &row, mlir::Value value, int64_t query) {
  mlir::Operation *op = value.getDefiningOp();
  mlir::RankedTensorType type = ir::tensorType(value);
  if (type.getRank() != 2 || type.getDimSize(0) == 1 || type.getDimSize(1) == 1)
    return takeFromTensor(row, value, query);
  if (auto iota = llvm::dyn_cast<ir::IotaOp>(op)) {
    row.isForAll = iota.getAxis() == 1;
    if (row.isForAll)
      std::iota(row.elements.begin(), row.elements.end(), 0.0);
    else
      llvm::fill(row.elements, static_cast<double>(query));
    return;
  }
  if (auto broadcast = llvm::dyn_cast<ir::BroadcastOp>(op)) {
    llvm::copy(of(broadcast.getInput(), query), row.elements.begin());
    return;
  }
  llvm::SmallVector<llvm::ArrayRef<double>, 3> operands;
  for (mlir::Value operand : op->getOperands()) {
    if (ir::tensorType(operand).getRank() > 2)
      return takeFromTensor(row, value, query);
    operands.push_back(of(operand, query));
  }
  if (!ir::evaluateRow(op, operands, row.elements))
    takeFromTensor(row, value, query);
}

void ElementRows::takeFromTensor(Row &row, mlir::Value value, int64_t query) {
  auto found = tensors.find(value);
  if (found == tensors.end())
    found =
        tensors
            .try_emplace(value, *evaluateExpression(
                                    value,
                                    [](ir::ParameterOp parameter) {
                                      return mlir::FailureOr<ir::HostTensor>(parameter.emitError(
                                          "is no part of an expression of constants"));
                                    }))
            .first;
  llvm::ArrayRef<int64_t> shape = found->second.type().getShape();
  int64_t along = shape.empty() ? 1 : shape.back();
  row.isForAll = shape.size() < 2 || shape[0] == 1;
  found->second.loadRow(row.isForAll ? 0 : query * along, along > 1, row.elements);
}

} // namespace quern::passes
