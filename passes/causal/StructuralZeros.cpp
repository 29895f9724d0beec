#include "passes/causal/StructuralZeros.h"

#include "passes/Model.h"
#include "passes/WeightExpression.h"

namespace quern::passes {
namespace {

/// The ops that a weight expression consists of.
llvm::SmallPtrSet<mlir::Operation *, 8> expressionOf(mlir::Value value) {
  llvm::SmallPtrSet<mlir::Operation *, 8> ops;
  llvm::SmallVector<mlir::Value> pending{value};
  while (!pending.empty())
    if (mlir::Operation *op = pending.pop_back_val().getDefiningOp(); ops.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  return ops;
}

/// Whether zeros that are no accident can come from the op.
bool maySupplyZeros(mlir::Operation *op) {
  if (llvm::isa<ir::IotaOp, ir::PadOp>(op))
    return true;
  auto constant = llvm::dyn_cast<ir::ConstantOp>(op);
  if (!constant)
    return false;
  ir::HostTensor tensor = ir::HostTensor::fromAttribute(constant.getValue());
  std::vector<double> row(tensor.type().getNumElements());
  tensor.loadRow(0, 1, row);
  return llvm::is_contained(row, 0.0);
}

/// A parameter of numbers in [0.5, 1.5) that no sum or product of a model happens to make zero.
ir::HostTensor genericParameter(ir::ParameterOp parameter) {
  ir::HostTensor tensor = ir::HostTensor::allocate(tensorType(parameter));
  std::vector<double> row(tensor.type().getNumElements());
  uint64_t state = llvm::hash_value(parameter.getKey());
  for (double &value : row) {
    // Knuth's linear congruential generator (MMIX).
    state = state * 6364136223846793005U + 1442695040888963407U;
    value = 0.5 + static_cast<double>(state >> 11) * 0x1p-53;
  }
  tensor.storeRow(0, row);
  return tensor;
}

/// f(element) for each element of a weight expression under generic parameters.
RankTensor evaluated(mlir::Value value, llvm::function_ref<int32_t(double)> f) {
  ir::HostTensor tensor =
      *evaluateExpression(value, [](ir::ParameterOp parameter) -> mlir::FailureOr<ir::HostTensor> {
        return genericParameter(parameter);
      });
  llvm::ArrayRef<int64_t> shape = tensor.type().getShape();
  RankTensor result(shape, shape, 0);
  // Piece by piece: masks over long sequences are large.
  std::vector<double> piece(std::min<int64_t>(tensor.type().getNumElements(), 1 << 12));
  auto to = llvm::MutableArrayRef(result.data());
  for (size_t at = 0; at < to.size(); at += piece.size()) {
    piece.resize(std::min(piece.size(), to.size() - at));
    tensor.loadRow(static_cast<int64_t>(at), 1, piece);
    llvm::transform(piece, to.begin() + at, f);
  }
  result.compress();
  return result;
}

} // namespace

bool isZeros(mlir::Value value) {
  if (!isSplatConstant(value))
    return false;
  auto elements =
      llvm::cast<mlir::DenseElementsAttr>(value.getDefiningOp<ir::ConstantOp>().getValue());
  return elements.getSplatValue<mlir::Attribute>() ==
         mlir::Builder(value.getContext()).getZeroAttr(elements.getElementType());
}

std::optional<RankTensor> constantElements(mlir::Value value) {
  if (!isWeightExpression(value) ||
      llvm::any_of(expressionOf(value), llvm::IsaPred<ir::ParameterOp>))
    return std::nullopt;
  return evaluated(value, [](double element) { return static_cast<int32_t>(element); });
}

/// The factor of a parameter that alone decides where their product is zero, as a mask of its shape
/// does; else `value`.
static mlir::Value decidingFactor(mlir::Value value) {
  if (auto product = value.getDefiningOp<ir::MulOp>())
    for (auto [factor, other] : {std::pair(product.getLhs(), product.getRhs()),
                                 std::pair(product.getRhs(), product.getLhs())})
      if (factor.getDefiningOp<ir::ParameterOp>() && other.getType() == value.getType())
        return other;
  return value;
}

std::optional<RankTensor> possiblyNonzero(mlir::Value value) {
  value = decidingFactor(value);
  if (!isWeightExpression(value) || llvm::none_of(expressionOf(value), maySupplyZeros))
    return std::nullopt;
  RankTensor nonzero = evaluated(value, [](double element) { return element != 0 ? 1 : 0; });
  if (nonzero.isAll(1))
    return std::nullopt;
  return nonzero;
}

} // namespace quern::passes
