#include "passes/causal/StructuralZeros.h"

#include "passes/Model.h"
#include "passes/WeightExpression.h"
#include "passes/causal/Combined.h"
#include "passes/causal/KnownSigns.h"
#include "passes/causal/Propagate.h"
#include "passes/causal/ReadRules.h"

#include "llvm/ADT/TypeSwitch.h"

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

/// Whether a result is a rational function of the op's operands, of which numbers of 32 bits and
/// more are generic: of shorter ones and of integers there are so few that some agree.
bool isRational(mlir::Operation *op) {
  using namespace ir;
  auto element = llvm::dyn_cast<mlir::FloatType>(tensorType(op->getResult(0)).getElementType());
  if (!element || element.getWidth() < 32)
    return false;
  if (auto reduce = llvm::dyn_cast<ReduceOp>(op))
    return reduce.getKind() == ReduceKind::sum || reduce.getKind() == ReduceKind::mean;
  return llvm::isa<ParameterOp, CastOp, AddOp, SubOp, MulOp, DivOp, NegOp, ContractOp, ReshapeOp,
                   TransposeOp, BroadcastOp, SliceOp, ConcatOp, PadOp, GatherOp>(op);
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

bool isRationalWeight(mlir::Value value) {
  return isWeightExpression(value) && llvm::all_of(expressionOf(value), [](mlir::Operation *op) {
           return isRational(op) || dependsOnConstantsAlone(op->getResult(0));
         });
}

std::optional<RankTensor> possiblyNonzeroWeights(mlir::Value value) {
  value = decidingFactor(value);
  if (!isWeightExpression(value) || llvm::none_of(expressionOf(value), maySupplyZeros) ||
      !isRationalWeight(value))
    return std::nullopt;
  RankTensor nonzero = evaluated(value, [](double element) { return element != 0 ? 1 : 0; });
  if (nonzero.isAll(1))
    return std::nullopt;
  return nonzero;
}

namespace {

/// Beside a number as low no score is weighed that a model computes.
constexpr double excluding = -9.9e8; // -1e9, as bf16 has it, too

/// 1 where `admits` each element of a value that depends on constants alone; nothing for any other
/// value, and where it does everywhere.
std::optional<RankTensor> admittedByConstants(mlir::Value value,
                                              llvm::function_ref<bool(double)> admits) {
  if (!dependsOnConstantsAlone(value))
    return std::nullopt;
  RankTensor admitted =
      evaluated(value, [&](double element) -> int32_t { return admits(element); });
  if (admitted.isAll(1))
    return std::nullopt;
  return admitted;
}

std::optional<RankTensor> notExcluding(mlir::Value value) {
  return admittedByConstants(value, [](double element) { return element > excluding; });
}

/// Whether a product with `factor` may have another sign than `value`. What constants are
/// multiplied by is taken for a mask.
bool mayTurnSign(mlir::Value value, mlir::Value factor) {
  if (dependsOnConstantsAlone(factor))
    return admittedByConstants(factor, [](double element) { return element >= 0; }).has_value();
  return !dependsOnConstantsAlone(value);
}

/// Whether a constant that `value` is computed from may be so large that, where `value` is added to
/// a score, what another constant has excluded is weighed again. Constants below zero do not, where
/// they are added too, or multiplied by what is taken for a mask.
bool mayReadmit(mlir::Value value, bool isAdded = true) {
  constexpr double large = 1e6;
  if (dependsOnConstantsAlone(value))
    return admittedByConstants(
               value,
               [=](double element) { return element < large && (isAdded || element > -large); })
        .has_value();
  mlir::Operation *op = value.getDefiningOp();
  // Scores are taken to be less than what excludes them.
  if (!op || llvm::isa<ir::ParameterOp, ir::ContractOp, ir::ConvOp, ir::SoftmaxOp, ir::ScanOp>(op))
    return false;
  bool keepsSign =
      llvm::isa<ir::AddOp, ir::MulOp, ir::MaxOp, ir::MinOp, ir::SelectOp, ir::ConcatOp,
                ir::BroadcastOp, ir::ReshapeOp, ir::TransposeOp, ir::SliceOp, ir::PadOp>(op);
  return llvm::any_of(llvm::enumerate(op->getOperands()), [&](auto operand) {
    bool isMinuend = llvm::isa<ir::SubOp>(op) && operand.index() == 0;
    bool mayTurn = llvm::isa<ir::MulOp>(op) &&
                   mayTurnSign(operand.value(), op->getOperand(1 - operand.index()));
    return mayReadmit(operand.value(), isAdded && !mayTurn && (keepsSign || isMinuend));
  });
}

using Admitted = std::optional<RankTensor>;

/// What both admit, of what is known of each.
Admitted byBoth(Admitted a, Admitted b, llvm::ArrayRef<int64_t> shape) {
  if (!a || !b)
    return a ? a : b;
  return combined(a->broadcast(shape), b->broadcast(shape),
                  [](int32_t x, int32_t y) -> int32_t { return x != 0 && y != 0; });
}

/// Finds what excludes scores: constants that stand in their place or are added to them, through
/// what keeps them low.
class ExcludedScores {
public:
  /// 1 where a value admits a score that it is, or is added to, as a tensor that broadcasts to the
  /// scores; nothing where it excludes none. The scores are multiplied by `factor` afterwards.
  static Admitted of(mlir::Value value, double factor = 1) {
    if (Admitted admitted = notExcluding(value))
      return admitted;
    mlir::Operation *op = value.getDefiningOp();
    if (!op)
      return std::nullopt;
    llvm::ArrayRef<int64_t> shape = tensorType(value).getShape();
    return llvm::TypeSwitch<mlir::Operation *, Admitted>(op)
        .Case([&](ir::SelectOp select) { return ofSelect(select, factor, shape); })
        .Case([&](ir::AddOp sum) {
          mlir::Value lhs = sum.getLhs(), rhs = sum.getRhs();
          return byBoth(mayReadmit(rhs) ? std::nullopt : of(lhs, factor),
                        mayReadmit(lhs) ? std::nullopt : of(rhs, factor), shape);
        })
        .Case([&](ir::SubOp sub) { return ofDifference(sub, factor, shape); })
        .Case([&](ir::MinOp min) {
          return byBoth(of(min.getLhs(), factor), of(min.getRhs(), factor), shape);
        })
        .Case([&](ir::MaxOp max) {
          // Bounds as low as what excludes.
          auto isLow = [](mlir::Value bound) {
            Admitted admitted = notExcluding(bound);
            return admitted && admitted->isAll(0);
          };
          return isLow(max.getRhs())   ? of(max.getLhs(), factor)
                 : isLow(max.getLhs()) ? of(max.getRhs(), factor)
                                       : std::nullopt;
        })
        .Case([&](ir::MulOp product) {
          Admitted admitted = ofScaled(product.getLhs(), product.getRhs(), factor, false);
          return admitted ? admitted : ofScaled(product.getRhs(), product.getLhs(), factor, false);
        })
        .Case([&](ir::DivOp div) { return ofScaled(div.getLhs(), div.getRhs(), factor, true); })
        .Case<ir::BroadcastOp, ir::ReshapeOp, ir::TransposeOp, ir::SliceOp>(
            [&](auto moved) { return ofMoved(moved, factor); })
        .Default([](mlir::Operation *) { return std::nullopt; });
  }

private:
  /// What is chosen may have excluded scores itself.
  static Admitted ofSelect(ir::SelectOp select, double factor, llvm::ArrayRef<int64_t> shape) {
    Admitted condition = constantElements(select.getCondition());
    if (!condition)
      return std::nullopt;
    for (auto [branch, other, admits] :
         {std::tuple(select.getOnFalse(), select.getOnTrue(), true),
          std::tuple(select.getOnTrue(), select.getOnFalse(), false)})
      if (auto scores = notExcluding(branch); scores && scores->isAll(0)) {
        for (int32_t &element : condition->data())
          element = (element != 0) == admits;
        return byBoth(condition, of(other, factor), shape);
      }
    return std::nullopt;
  }

  static Admitted ofDifference(ir::SubOp sub, double factor, llvm::ArrayRef<int64_t> shape) {
    mlir::Value lhs = sub.getLhs(), rhs = sub.getRhs();
    Admitted admitted = mayReadmit(rhs, /*isAdded=*/false) ? std::nullopt : of(lhs, factor);
    if (mayReadmit(lhs))
      return admitted;
    return byBoth(admitted,
                  admittedByConstants(rhs, [](double element) { return element < -excluding; }),
                  shape);
  }

  /// Of scores times a number, or divided by one, after they were masked.
  static Admitted ofScaled(mlir::Value scores, mlir::Value number, double factor, bool isDivided) {
    constexpr double least = 1e-3;
    if (!isSplatConstant(number))
      return std::nullopt;
    double by = isDivided ? 1 / splatOf(number) : splatOf(number);
    return by > 0 && factor * by >= least ? of(scores, factor * by) : std::nullopt;
  }

  static Admitted ofMoved(mlir::Operation *moved, double factor) {
    mlir::Value input = moved->getOperand(0);
    Admitted admitted = of(input, factor);
    if (!admitted)
      return std::nullopt;
    KnownSigns signs;
    return gatherMax(allReadsOf(moved, signs).front(),
                     admitted->broadcast(tensorType(input).getShape()),
                     tensorType(moved->getResult(0)).getShape());
  }
};

/// Where a row along `axis` admits none, all of it counts.
void admitEmptyRows(RankTensor &admitted, size_t axis) {
  llvm::ArrayRef<int64_t> extents = admitted.extents();
  auto length = static_cast<size_t>(extents[axis]),
       step = static_cast<size_t>(admitted.strides()[axis]);
  llvm::MutableArrayRef<int32_t> all(admitted.data());
  for (size_t first = 0; first < all.size(); first += length * step)
    for (size_t i = first; i < first + step; ++i) {
      auto places = llvm::map_range(llvm::seq(length), [=](size_t k) { return i + k * step; });
      if (llvm::none_of(places, [&](size_t place) { return all[place] == 1; }))
        for (size_t place : places)
          all[place] = 1;
    }
}

} // namespace

std::optional<RankTensor> admittedScores(ir::SoftmaxOp softmax) {
  llvm::ArrayRef<int64_t> shape = softmax.getInput().getType().getShape();
  auto axis = static_cast<size_t>(softmax.getAxis());
  std::optional<RankTensor> known = ExcludedScores::of(softmax.getInput());
  if (!known)
    return std::nullopt;
  llvm::SmallVector<int64_t> extents(shape.size() - known->shape().size(), 1);
  llvm::append_range(extents, known->extents());
  if (extents[axis] == 1)
    return std::nullopt;
  RankTensor admitted(shape, extents, 1);
  admitted.data() = known->data();
  admitEmptyRows(admitted, axis);
  if (admitted.isAll(1))
    return std::nullopt;
  return admitted;
}

} // namespace quern::passes
