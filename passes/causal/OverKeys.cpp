#include "passes/causal/OverKeys.h"

#include "passes/causal/OrderedReshape.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace quern::passes {
namespace {

using mlir::failure;
using mlir::FailureOr;
using Result = FailureOr<std::optional<OverKeys>>;
using Labels = llvm::SmallVector<int64_t>;

/// The axes of an op's operands and of its result: those with one label run together.
struct LabelledOp {
  llvm::SmallVector<Labels, 3> operands;
  Labels result;
};

constexpr int64_t unlabelled = -1;

/// Whether a value is one number above zero.
bool isPositive(mlir::Value value) {
  auto constant = value.getDefiningOp<ir::ConstantOp>();
  auto elements = constant ? llvm::dyn_cast<mlir::DenseFPElementsAttr>(constant.getValue())
                           : mlir::DenseFPElementsAttr();
  return elements && elements.isSplat() &&
         elements.getSplatValue<llvm::APFloat>().convertToDouble() > 0;
}

Labels consecutive(int64_t first, int64_t count) {
  return llvm::to_vector(llvm::seq(first, first + count));
}

int64_t placeOf(llvm::ArrayRef<int64_t> labels, int64_t label) {
  const int64_t *found = llvm::find(labels, label);
  return found == labels.end() ? -1 : found - labels.begin();
}

int64_t rankOf(mlir::Value value) { return ir::tensorType(value).getRank(); }

LabelledOp labelledElementwise(mlir::Operation *op) {
  int64_t rank = rankOf(op->getResult(0));
  LabelledOp labelled{{}, consecutive(0, rank)};
  for (mlir::Value operand : op->getOperands())
    labelled.operands.push_back(consecutive(rank - rankOf(operand), rankOf(operand)));
  return labelled;
}

LabelledOp labelledReduce(ir::ReduceOp reduce) {
  LabelledOp labelled{{consecutive(0, rankOf(reduce.getInput()))}, {}};
  for (int64_t axis : labelled.operands.front()) {
    bool isReduced = llvm::is_contained(reduce.getAxes(), axis);
    if (!isReduced || reduce.getKeepAxes())
      labelled.result.push_back(isReduced ? unlabelled : axis);
  }
  return labelled;
}

/// Only the axes of queries and of keys have labels: their numbers in the operand.
std::optional<LabelledOp> labelledReshape(ir::ReshapeOp reshape, int64_t query, int64_t key) {
  mlir::Value input = reshape.getInput();
  llvm::ArrayRef<int64_t> shape = ir::tensorType(input).getShape();
  std::optional<OrderedMap> map =
      throughReshape(shape, {query, key}, reshape.getShape(), {shape[query], shape[key]});
  if (!map || (*map)[0] == (*map)[1])
    return std::nullopt;
  LabelledOp labelled{{consecutive(0, rankOf(input))},
                      Labels(reshape.getShape().size(), unlabelled)};
  labelled.result[(*map)[0]] = query;
  labelled.result[(*map)[1]] = key;
  return labelled;
}

/// How an op's axes run together, where its first operand has those of queries and of keys as
/// numbered, if it has any.
std::optional<LabelledOp> labelled(mlir::Operation *op, int64_t query, int64_t key) {
  if (op->hasTrait<ir::Elementwise>())
    return labelledElementwise(op);
  int64_t rank = op->getNumOperands() > 0 ? rankOf(op->getOperand(0)) : 0;
  return llvm::TypeSwitch<mlir::Operation *, std::optional<LabelledOp>>(op)
      .Case([&](ir::ContractOp contract) {
        return LabelledOp{{Labels(contract.getLhsAxes()), Labels(contract.getRhsAxes())},
                          Labels(contract.getResultAxes())};
      })
      .Case([&](ir::SoftmaxOp) { return LabelledOp{{consecutive(0, rank)}, consecutive(0, rank)}; })
      .Case([&](ir::ReduceOp reduce) { return labelledReduce(reduce); })
      .Case([&](ir::TransposeOp transpose) {
        return LabelledOp{{consecutive(0, rank)}, Labels(transpose.getPermutation())};
      })
      .Case([&](ir::BroadcastOp broadcast) {
        return LabelledOp{
            {consecutive(0, rank)},
            consecutive(rank - rankOf(broadcast.getResult()), rankOf(broadcast.getResult()))};
      })
      .Case([&](ir::ReshapeOp reshape) { return labelledReshape(reshape, query, key); })
      .Default([](mlir::Operation *) { return std::nullopt; });
}

using SeenAxes = llvm::DenseSet<std::tuple<mlir::Value, int64_t, int64_t>>;

/// Whether what reads `value` adds up, or weighs against each other, what lies along its axis
/// `one`, and not along `other`: the first that does either decides. What was `seen` did not.
bool isSummedAlong(mlir::Value value, int64_t one, int64_t other, SeenAxes &seen) {
  if (!seen.insert({value, one, other}).second)
    return false;
  for (mlir::OpOperand &use : value.getUses()) {
    mlir::Operation *op = use.getOwner();
    if (auto softmax = llvm::dyn_cast<ir::SoftmaxOp>(op))
      if (auto axis = static_cast<int64_t>(softmax.getAxis()); axis == one || axis == other)
        return axis == one;
    std::optional<LabelledOp> through = labelled(op, one, other);
    if (!through)
      continue;
    const Labels &labels = through->operands[use.getOperandNumber()];
    int64_t toOne = placeOf(through->result, labels[one]);
    int64_t toOther = placeOf(through->result, labels[other]);
    if (toOne < 0 || toOther < 0)
      return toOne < 0 && toOther >= 0;
    if (isSummedAlong(op->getResult(0), toOne, toOther, seen))
      return true;
  }
  return false;
}

/// Whether an op gives finite numbers where keys are zeros, as those that are not there yet.
bool isFiniteOfZeros(mlir::Operation *op, llvm::function_ref<bool(mlir::Value)> hasKeys) {
  if (llvm::isa<ir::LogOp, ir::RsqrtOp>(op))
    return false;
  if (llvm::isa<ir::DivOp>(op))
    return !hasKeys(op->getOperand(1));
  return !llvm::isa<ir::PowOp>(op) || !hasKeys(op->getOperand(0)) || isPositive(op->getOperand(1));
}

class KeyRules {
public:
  KeyRules(const OrderedAxes &axes, mlir::Operation *op) : axes(axes), op(op) {}

  Result result() {
    if (std::optional<LabelledOp> found = labelledOp())
      labels = std::move(*found);
    if (labels.operands.empty() || !findQueryAndKey())
      return hasKeyedOperand() ? refuse("computes with keys, of which a step has those of the past "
                                        "alone, in a way that it does not know")
                               : std::optional<OverKeys>();
    OverKeys over{
        OrderedMap(axes.count(), placeOf(labels.result, query)), {}, placeOf(labels.result, key)};
    for (auto [operand, along] : llvm::zip_equal(op->getOperands(), labels.operands)) {
      int64_t axis = placeOf(along, key);
      // One element may stand for all keys.
      bool isForAll = axis >= 0 && count > 1 && ir::tensorType(operand).getDimSize(axis) == 1;
      over.operands.push_back(isForAll ? -1 : axis);
    }
    if (!keepsPairs(over))
      return refuse("does not keep queries and keys apart, or not all keys together");
    if (!isFiniteOfZeros(op, [&](mlir::Value value) { return hasKeys(value); }))
      return refuse("of keys that are not there yet, which are zeros, is no number");
    return std::optional(over);
  }

private:
  Result refuse(llvm::StringRef why) {
    op->emitError("no step program can be derived: ") << op->getName().stripDialect() << " " << why;
    return failure();
  }

  bool hasKeyedOperand() const {
    return llvm::any_of(op->getOperands(),
                        [&](mlir::Value operand) { return axes.keysAxis(operand) >= 0; });
  }

  std::optional<LabelledOp> labelledOp() {
    if (op->hasTrait<ir::Elementwise>() || llvm::isa<ir::ContractOp>(op))
      return labelled(op, -1, -1);
    if (!hasKeyedOperand())
      return std::nullopt;
    mlir::Value input = op->getOperand(0);
    int64_t key = axes.keysAxis(input);
    if (key < 0)
      return std::nullopt;
    int64_t query = axes.of(input)[0];
    if (auto softmax = llvm::dyn_cast<ir::SoftmaxOp>(op);
        softmax && static_cast<int64_t>(softmax.getAxis()) == query)
      return std::nullopt;
    using enum ir::ReduceKind;
    if (auto reduce = llvm::dyn_cast<ir::ReduceOp>(op);
        reduce && llvm::is_contained(reduce.getAxes(), key) &&
        !llvm::is_contained({sum, max, min}, reduce.getKind()))
      return std::nullopt;
    return labelled(op, query, key);
  }

  /// The label of the one axis by which a generated operand runs along the whole order.
  std::optional<int64_t> orderedLabel(size_t operand) const {
    const OrderedMap &map = axes.of(op->getOperand(operand));
    if (map[0] < 0 || !llvm::all_equal(map))
      return std::nullopt;
    return labels.operands[operand][map[0]];
  }

  /// Finds the labels of queries and keys: those of an operand with keys, or of two that run along
  /// the order by different ones. What stays of these is the query's, and of two that along which
  /// nothing is summed first, or else the first.
  bool findQueryAndKey() {
    llvm::SmallSetVector<int64_t, 2> ordered;
    for (size_t i = 0; i < op->getNumOperands(); ++i) {
      mlir::Value operand = op->getOperand(i);
      if (!axes.isGenerated(operand))
        continue;
      std::optional<int64_t> label = orderedLabel(i);
      if (!label)
        return false;
      ordered.insert(*label);
      count = ir::tensorType(operand).getDimSize(axes.of(operand)[0]);
      if (int64_t axis = axes.keysAxis(operand); axis >= 0) {
        query = *label;
        key = labels.operands[i][axis];
      }
    }
    if (query != unlabelled)
      return true;
    if (ordered.size() != 2)
      return false;
    auto place = [&](int64_t label) { return static_cast<size_t>(placeOf(labels.result, label)); };
    std::tie(query, key) = std::pair(ordered[0], ordered[1]);
    if (place(key) < place(query))
      std::swap(query, key);
    SeenAxes seen;
    if (placeOf(labels.result, key) >= 0 &&
        isSummedAlong(op->getResult(0), placeOf(labels.result, query), placeOf(labels.result, key),
                      seen))
      std::swap(query, key);
    return placeOf(labels.result, query) >= 0;
  }

  bool hasKeys(mlir::Value operand) const {
    return axes.isGenerated(operand) &&
           llvm::any_of(llvm::enumerate(op->getOperands()), [&](auto item) {
             return item.value() == operand &&
                    (axes.keysAxis(operand) >= 0 || orderedLabel(item.index()) == key);
           });
  }

  /// Whether all operands and the result have either one element for all queries, or as many as
  /// there are, and likewise for keys; and generated ones run along the order by one of the two.
  bool keepsPairs(const OverKeys &over) const {
    auto isWhole = [&](mlir::Value value, int64_t axis) {
      return ir::tensorType(value).getDimSize(axis) == count;
    };
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      int64_t own = placeOf(labels.operands[i], query), keys = over.operands[i];
      if (keys >= 0 && !isWhole(operand, keys))
        return false;
      if (!axes.isGenerated(operand))
        continue;
      std::optional<int64_t> label = orderedLabel(i);
      bool isKeys = label == key && axes.keysAxis(operand) < 0;
      if (isKeys ? own >= 0 && ir::tensorType(operand).getDimSize(own) > 1 : label != query)
        return false;
      if (axes.keysAxis(operand) >= 0 && axes.keysAxis(operand) != keys)
        return false;
      if (!isWhole(operand, axes.of(operand)[0]) || axes.elements(operand) != count)
        return false;
    }
    mlir::Value result = op->getResult(0);
    return over.map[0] >= 0 && isWhole(result, over.map[0]) &&
           (over.result < 0 || isWhole(result, over.result));
  }

  const OrderedAxes &axes;
  mlir::Operation *op;
  LabelledOp labels;
  int64_t query = unlabelled, key = unlabelled, count = 0;
};

} // namespace

Result overKeysOf(mlir::Operation *op, const OrderedAxes &axes) {
  return KeyRules(axes, op).result();
}

} // namespace quern::passes
