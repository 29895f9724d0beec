#include "passes/causal/StructuralZeros.h"

#include "passes/Model.h"
#include "passes/WeightExpression.h"
#include "passes/causal/Signs.h"

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

double splatOf(mlir::Value constant) {
  auto elements =
      llvm::cast<mlir::DenseElementsAttr>(constant.getDefiningOp<ir::ConstantOp>().getValue());
  auto one = mlir::RankedTensorType::get({1}, elements.getElementType());
  double number = 0;
  ir::HostTensor::fromAttribute(elements.resizeSplat(one)).loadRow(0, 1, number);
  return number;
}

/// f(element) for each element of a weight expression under generic parameters.
RankTensor evaluated(mlir::Value value, llvm::function_ref<int32_t(double)> f) {
  // Bounds and numbers that exclude scores are often written out for all of them.
  if (auto broadcast = value.getDefiningOp<ir::BroadcastOp>())
    return evaluated(broadcast.getInput(), f).broadcast(tensorType(value).getShape());
  if (isSplatConstant(value))
    return RankTensor(tensorType(value).getShape(), f(splatOf(value)));
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

bool dependsOnConstantsAlone(mlir::Value value) {
  return isWeightExpression(value) &&
         llvm::none_of(expressionOf(value), llvm::IsaPred<ir::ParameterOp>);
}

std::optional<RankTensor> constantElements(mlir::Value value) {
  if (!dependsOnConstantsAlone(value))
    return std::nullopt;
  return evaluated(value, [](double element) { return static_cast<int32_t>(element); });
}

RankTensor constantSigns(mlir::Value value) {
  return evaluated(value, [](double element) -> int32_t { return signOf(element); });
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

std::optional<RankTensor> possiblyNonzeroWeights(mlir::Value value) {
  value = decidingFactor(value);
  if (!isWeightExpression(value) || llvm::none_of(expressionOf(value), maySupplyZeros))
    return std::nullopt;
  RankTensor nonzero = evaluated(value, [](double element) { return element != 0 ? 1 : 0; });
  if (nonzero.isAll(1))
    return std::nullopt;
  return nonzero;
}

/// 0 where a constant is so low that no score is weighed beside it; nothing where it never is.
static std::optional<RankTensor> notExcluding(mlir::Value value) {
  if (!dependsOnConstantsAlone(value))
    return std::nullopt;
  RankTensor admitted = evaluated(value, [](double element) { return element > -1e9 ? 1 : 0; });
  if (admitted.isAll(1))
    return std::nullopt;
  return admitted;
}

/// 1 where a value admits a score that it is, or is added to, as a tensor that broadcasts to the
/// scores; nothing where it excludes none.
static std::optional<RankTensor> admittedBy(mlir::Value value) {
  if (std::optional<RankTensor> admitted = notExcluding(value))
    return admitted;
  if (auto sum = value.getDefiningOp<ir::AddOp>()) {
    std::optional<RankTensor> admitted = admittedBy(sum.getLhs());
    return admitted ? admitted : admittedBy(sum.getRhs());
  }
  auto select = value.getDefiningOp<ir::SelectOp>();
  std::optional<RankTensor> condition;
  if (select)
    condition = constantElements(select.getCondition());
  if (!condition)
    return std::nullopt;
  for (auto [branch, admits] :
       {std::pair(select.getOnFalse(), true), std::pair(select.getOnTrue(), false)})
    if (auto scores = notExcluding(branch); scores && scores->isAll(0)) {
      for (int32_t &element : condition->data())
        element = (element != 0) == admits;
      return condition;
    }
  return std::nullopt;
}

std::optional<RankTensor> admittedScores(ir::SoftmaxOp softmax) {
  llvm::ArrayRef<int64_t> shape = softmax.getInput().getType().getShape();
  std::optional<RankTensor> known = admittedBy(softmax.getInput());
  if (!known || static_cast<size_t>(softmax.getAxis()) + 1 != shape.size() ||
      known->shape().empty() || known->extents().back() == 1)
    return std::nullopt;
  llvm::SmallVector<int64_t> extents(shape.size() - known->shape().size(), 1);
  llvm::append_range(extents, known->extents());
  RankTensor admitted(shape, extents, 1);
  admitted.data() = known->data();
  llvm::MutableArrayRef<int32_t> rows(admitted.data());
  for (; !rows.empty(); rows = rows.drop_front(extents.back()))
    if (auto row = rows.take_front(extents.back()); !llvm::is_contained(row, 1))
      llvm::fill(row, 1);
  if (admitted.isAll(1))
    return std::nullopt;
  return admitted;
}

} // namespace quern::passes
