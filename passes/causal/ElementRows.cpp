#include "passes/causal/ElementRows.h"

#include "ir/ElementwiseRow.h"
#include "ir/Infer.h"
#include "passes/WeightExpression.h"

#include <numeric>

namespace quern::passes {

std::vector<double> ElementRows::of(mlir::Value value, int64_t query) {
  if (value.hasOneUse())
    return computed(value, query);
  if (current != query)
    shared.clear();
  current = query;
  if (auto found = shared.find(value); found != shared.end())
    return found->second;
  std::vector<double> row = computed(value, query);
  shared.try_emplace(value, row);
  return row;
}

std::vector<double> ElementRows::computed(mlir::Value value, int64_t query) {
  mlir::Operation *op = value.getDefiningOp();
  mlir::RankedTensorType type = ir::tensorType(value);
  if (type.getRank() != 2 || type.getDimSize(0) == 1 || type.getDimSize(1) == 1)
    return ofTensor(value, query);
  if (auto broadcast = llvm::dyn_cast<ir::BroadcastOp>(op))
    return of(broadcast.getInput(), query);
  std::vector<double> row(keys, static_cast<double>(query));
  if (auto iota = llvm::dyn_cast<ir::IotaOp>(op)) {
    if (iota.getAxis() == 1)
      std::iota(row.begin(), row.end(), 0.0);
    return row;
  }
  std::vector<double> operands[3];
  for (auto [operand, given] : llvm::zip(operands, op->getOperands())) {
    if (ir::tensorType(given).getRank() > 2)
      return ofTensor(value, query);
    operand = of(given, query);
  }
  return ir::evaluateRow(op, operands, row) ? row : ofTensor(value, query);
}

std::vector<double> ElementRows::ofTensor(mlir::Value value, int64_t query) {
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
  std::vector<double> row(keys);
  found->second.loadRow(shape.size() == 2 && shape[0] > 1 ? query * along : 0, along > 1, row);
  return row;
}

} // namespace quern::passes
