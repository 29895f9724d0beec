#include "passes/causal/WrittenAttention.h"

#include "passes/Model.h"
#include "passes/causal/Combined.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/KnownRanges.h"
#include "passes/causal/ShapeOps.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace quern::passes {
namespace {

using Labels = llvm::SmallVector<int64_t>;

/// The one label that is not among `known`; nothing where there are more, or none.
std::optional<int64_t> otherLabel(llvm::ArrayRef<int64_t> labels, llvm::ArrayRef<int64_t> known) {
  std::optional<int64_t> other;
  for (int64_t label : labels)
    if (!llvm::is_contained(known, label)) {
      if (other)
        return std::nullopt;
      other = label;
    }
  return other;
}

/// A product of weights [batch..., query, key] with values, where these are a softmax of masked
/// scores.
class WrittenAttention {
public:
  explicit WrittenAttention(ir::ContractOp product) : product(product) {
    for (unsigned side : {0U, 1U})
      if (matchWeights(side) && matchScores() && matchMask())
        return;
    scores = nullptr;
  }

  bool matches() const { return scores != nullptr; }

  void replace() {
    mlir::OpBuilder builder(product);
    size_t last = weightLabels.size() - 1;
    mlir::Value queries = arranged(builder, scores, querySide, scores.getResultAxes(), last - 1);
    mlir::Value keys = arranged(builder, scores, 1 - querySide, scores.getResultAxes(), last);
    mlir::Value values = arranged(builder, product, 1 - weightSide, weightLabels, last);
    mlir::Value seen = reshaped(builder, mask, tensorType(mask).getShape().take_back(2));
    llvm::SmallVector<int64_t> shape(tensorType(queries).getShape());
    shape.back() = tensorType(values).getDimSize(3);
    mlir::Value attended =
        ir::AttentionOp::create(builder, product.getLoc(), shaped(tensorType(values), shape),
                                queries, keys, values, seen, builder.getF64FloatAttr(scale));
    if (last == 2)
      shape.erase(shape.begin() + 1);
    // [batch..., query, channel] as the product has them.
    Labels order = weightLabels;
    order.back() = *otherLabel(labelsOf(product, 1 - weightSide), weightLabels);
    llvm::SmallVector<int64_t> by;
    for (int64_t label : product.getResultAxes())
      by.push_back(llvm::find(order, label) - order.begin());
    product.replaceAllUsesWith(permuted(builder, reshaped(builder, attended, shape), by));
  }

private:
  static Labels labelsOf(ir::ContractOp contract, unsigned side) {
    return Labels(side == 0 ? contract.getLhsAxes() : contract.getRhsAxes());
  }

  bool matchWeights(unsigned side) {
    weightSide = side;
    weightLabels = labelsOf(product, side);
    softmax = product->getOperand(side).getDefiningOp<ir::SoftmaxOp>();
    if (!softmax || (weightLabels.size() != 3 && weightLabels.size() != 4))
      return false;
    // All but the keys' axis remain, and one of the values comes to them.
    Labels values = labelsOf(product, 1 - side);
    return values.size() == weightLabels.size() && otherLabel(values, weightLabels) &&
           !llvm::is_contained(values, weightLabels[weightLabels.size() - 2]) &&
           product.getResultAxes().size() == weightLabels.size() &&
           !llvm::is_contained(product.getResultAxes(), weightLabels.back());
  }

  /// A mask of queries and keys alone, by which each query sees a key.
  bool matchMask() {
    mask = softmax.getInput().getDefiningOp<ir::SelectOp>().getCondition();
    if (auto broadcast = mask.getDefiningOp<ir::BroadcastOp>())
      mask = broadcast.getInput();
    llvm::ArrayRef<int64_t> shape = tensorType(mask).getShape();
    llvm::ArrayRef<int64_t> scored = tensorType(softmax.getInput()).getShape();
    std::optional<RankTensor> sees = constantElements(mask);
    if (!sees || shape.size() < 2 || shape.take_back(2) != scored.take_back(2) ||
        quern::passes::product(shape.drop_back(2)) != 1)
      return false;
    std::optional<RankTensor> admitted = possiblyNonzero(softmax);
    auto agree = [](int32_t a, int32_t b) { return static_cast<int32_t>((a != 0) == (b != 0)); };
    return admitted && combined(sees->broadcast(scored), *admitted, agree).isAll(1);
  }

  /// A product of queries and keys over one axis, times a number.
  bool matchScores() {
    scale = 1;
    auto select = softmax.getInput().getDefiningOp<ir::SelectOp>();
    if (!select || softmax.getAxis() + 1 != weightLabels.size())
      return false;
    mlir::Value scored = select.getOnTrue();
    if (auto scaled = scored.getDefiningOp<ir::MulOp>();
        scaled && isSplatConstant(scaled.getRhs())) {
      auto factor = scaled.getRhs().getDefiningOp<ir::ConstantOp>();
      scale = llvm::cast<mlir::DenseElementsAttr>(factor.getValue())
                  .getSplatValue<llvm::APFloat>()
                  .convertToDouble();
      scored = scaled.getLhs();
    }
    scores = scored.getDefiningOp<ir::ContractOp>();
    if (!scores || scores.getResultAxes().size() != weightLabels.size() ||
        scores.getType() != softmax.getType())
      return false;
    int64_t query = scores.getResultAxes().drop_back(1).back(), key = scores.getResultAxes().back();
    querySide = llvm::is_contained(scores.getLhsAxes(), query) ? 0 : 1;
    Labels queries = labelsOf(scores, querySide), keys = labelsOf(scores, 1 - querySide);
    std::optional<int64_t> summed = otherLabel(queries, scores.getResultAxes());
    return queries.size() == weightLabels.size() && keys.size() == weightLabels.size() && summed &&
           summed == otherLabel(keys, scores.getResultAxes()) &&
           !llvm::is_contained(queries, key) && !llvm::is_contained(keys, query);
  }

  /// An operand of `contract` as [batch, heads, position, channel], where `labels` are those of
  /// batch and heads, of queries and of keys, and the position is that at `place`.
  static mlir::Value arranged(mlir::OpBuilder &builder, ir::ContractOp contract, unsigned side,
                              llvm::ArrayRef<int64_t> labels, size_t place) {
    Labels own = labelsOf(contract, side), order(labels.drop_back(2));
    order.append({labels[place], *otherLabel(own, labels)});
    llvm::SmallVector<int64_t> by;
    for (int64_t label : order)
      by.push_back(llvm::find(own, label) - own.begin());
    mlir::Value value = permuted(builder, contract->getOperand(side), by);
    llvm::SmallVector<int64_t> shape(tensorType(value).getShape());
    if (shape.size() == 3)
      shape.insert(shape.begin() + 1, 1);
    return reshaped(builder, value, shape);
  }

  ir::ContractOp product, scores;
  ir::SoftmaxOp softmax;
  mlir::Value mask;
  unsigned weightSide = 0, querySide = 0;
  Labels weightLabels;
  double scale = 1;
};

} // namespace

mlir::func::FuncOp withAttention(mlir::func::FuncOp model) {
  mlir::func::FuncOp copy = model.clone();
  mlir::OpBuilder(model).insert(copy);
  bool isAny = false;
  for (ir::ContractOp op : llvm::make_early_inc_range(copy.front().getOps<ir::ContractOp>()))
    if (WrittenAttention attention(op); attention.matches()) {
      attention.replace();
      isAny = true;
    }
  if (!isAny) {
    copy.erase();
    return nullptr;
  }
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(copy.front())))
    if (mlir::isOpTriviallyDead(&op))
      op.erase();
  return copy;
}

} // namespace quern::passes
