#include "passes/causal/RankOrder.h"

#include "passes/causal/Arrangement.h"
#include "passes/causal/FreeAxes.h"
#include "passes/causal/OrderedSum.h"

#include "mlir/IR/IRMapping.h"

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::success;
using mlir::Value;

/// Whether the op moves elements along its ordered axis, or computes along it.
bool moves(mlir::Operation *op, const OrderedAxes &axes) {
  if (llvm::isa<ir::ScanOp>(op))
    return true;
  auto axis = static_cast<size_t>(axes.of(op->getResult(0))[0]);
  if (auto pad = llvm::dyn_cast<ir::PadOp>(op))
    return pad.getLow()[axis] != 0 || pad.getHigh()[axis] != 0;
  if (auto slice = llvm::dyn_cast<ir::SliceOp>(op))
    return slice.getSizes()[axis] !=
           ir::tensorType(slice.getInput()).getDimSize(static_cast<int64_t>(axis));
  if (auto pool = llvm::dyn_cast<ir::WindowReduceOp>(op))
    return pool.getWindow()[axis - 2] != 1 || pool.getPadLow()[axis - 2] != 0;
  auto conv = llvm::dyn_cast<ir::ConvOp>(op);
  return conv && (conv.getKernel()[axis - 2] != 1 || conv.getPadLow()[axis - 2] != 0);
}

class RankOrderWriter {
public:
  RankOrderWriter(mlir::func::FuncOp model, const OrderedAxes &axes,
                  const Arrangements &arrangements)
      : axes(axes), arrangements(arrangements), builder(model) {
    copy = mlir::func::FuncOp::create(builder, model.getLoc(), "in_rank_order",
                                      model.getFunctionType());
    copy->setAttrs(model->getAttrDictionary());
    builder.setInsertionPointToStart(copy.addEntryBlock());
    moved.map(model.getArguments(), copy.getArguments());
  }

  FailureOr<mlir::func::FuncOp> write(mlir::func::FuncOp model) {
    for (mlir::Operation &op : model.front())
      if (failed(write(&op))) {
        copy.erase();
        return failure();
      }
    mlir::Operation *end = copy.front().getTerminator();
    copy.setFunctionType(builder.getFunctionType(copy.getArgumentTypes(), end->getOperandTypes()));
    return copy;
  }

private:
  LogicalResult write(mlir::Operation *op) {
    bool isGenerated =
        llvm::any_of(op->getResults(), [&](Value result) { return axes.isGenerated(result); });
    if (!isGenerated) {
      builder.clone(*op, moved);
      return success();
    }
    const Arrangement &arrangement = arrangements.of(op->getResult(0));
    if (auto contract = llvm::dyn_cast<ir::ContractOp>(op); contract && !axes.overKeys(op))
      return writeContract(contract);
    if (arrangement.each > 1 && (!op->hasTrait<ir::Elementwise>() || axes.overKeys(op)))
      return refuse(op, "of a dense layer's units, of which several belong to a position: only "
                        "elementwise ops and masked linear layers are known there");
    if (!arrangement.isIdentity() && moves(op, axes))
      return refuse(op, "moves along an axis whose order is explicit: neighbours there are none in "
                        "time; leave the order out, or permute the input before");
    writeSame(op, arrangement);
    return success();
  }

  LogicalResult refuse(mlir::Operation *op, llvm::StringRef why) {
    return op->emitError("no step program can be derived: ")
           << op->getName().stripDialect() << " " << why;
  }

  /// The same op over arranged values; what is free and runs along with them is arranged, too.
  void writeSame(mlir::Operation *op, const Arrangement &arrangement) {
    llvm::SmallVector<Value> operands;
    for (mlir::OpOperand &operand : op->getOpOperands()) {
      Value value = moved.lookup(operand.get());
      int64_t axis = axes.isGenerated(operand.get()) ? -1 : freeAxes(operand, axes)[0];
      if (axis >= 0)
        value = arranged(value, axis, arrangement);
      int64_t keys = axes.isGenerated(operand.get()) ? -1 : keysAxis(operand);
      if (keys >= 0)
        value = arranged(value, keys, arrangement);
      operands.push_back(value);
    }
    mlir::Operation *same = builder.clone(*op, moved);
    same->setOperands(operands);
    for (Value result : op->getResults())
      moved.lookup(result).setType(typeOf(result));
  }

  /// The axis of a free operand along which keys follow each other, or -1.
  int64_t keysAxis(mlir::OpOperand &operand) const {
    if (const OverKeys *over = axes.overKeys(operand.getOwner()))
      return over->operands[operand.getOperandNumber()];
    auto attention = llvm::dyn_cast<ir::AttentionOp>(operand.getOwner());
    bool isMask = attention && operand.get() == attention.getMask();
    return isMask && axes.isGenerated(attention.getKey()) ? 1 : -1;
  }

  /// A generated value's type in rank order.
  mlir::RankedTensorType typeOf(Value value) {
    const Arrangement &arrangement = arrangements.of(value);
    mlir::RankedTensorType type = ir::tensorType(value);
    return mlir::RankedTensorType::get(split(type.getShape(), axes.of(value)[0], arrangement),
                                       type.getElementType());
  }

  static llvm::SmallVector<int64_t> split(llvm::ArrayRef<int64_t> shape, int64_t axis,
                                          const Arrangement &arrangement) {
    llvm::SmallVector<int64_t> result(shape);
    auto places = static_cast<int64_t>(arrangement.from.size());
    bool isOne = shape[axis] == 1 && places != 1;
    result[axis] = isOne ? 1 : places / arrangement.each;
    if (arrangement.each > 1)
      result.insert(result.begin() + axis + 1, isOne ? 1 : arrangement.each);
    return result;
  }

  /// A free value whose `axis` runs along an arranged one, or has one element for all.
  Value arranged(Value value, int64_t axis, const Arrangement &arrangement) {
    mlir::Location loc = value.getLoc();
    mlir::RankedTensorType type = ir::tensorType(value);
    auto typed = [&](llvm::ArrayRef<int64_t> shape) {
      return mlir::RankedTensorType::get(shape, type.getElementType());
    };
    llvm::SmallVector<int64_t> shape = split(type.getShape(), axis, arrangement);
    if (type.getDimSize(axis) != 1 && !isInPlace(arrangement)) {
      llvm::SmallVector<int64_t> place(type.getShape());
      if (llvm::is_contained(arrangement.from, -1)) {
        llvm::SmallVector<int64_t> none(type.getRank(), 0), one(none);
        one[axis] = 1;
        place[axis] += 1;
        value = ir::PadOp::create(builder, loc, typed(place), value, none, one, llvm::APFloat(0.0));
      }
      place[axis] = static_cast<int64_t>(arrangement.from.size());
      value = ir::GatherOp::create(builder, loc, typed(place), value,
                                   indices(arrangement, type.getDimSize(axis)), axis);
    }
    if (ir::tensorType(value).getShape() == llvm::ArrayRef(shape))
      return value;
    return ir::ReshapeOp::create(builder, loc, typed(shape), value, shape);
  }

  static bool isInPlace(const Arrangement &arrangement) {
    for (auto [place, element] : llvm::enumerate(arrangement.from))
      if (element != static_cast<int64_t>(place))
        return false;
    return true;
  }

  /// Which element lies where; the one behind the last is a zero.
  Value indices(const Arrangement &arrangement, int64_t extent) {
    llvm::SmallVector<int32_t> elements;
    for (int64_t element : arrangement.from)
      elements.push_back(static_cast<int32_t>(element < 0 ? extent : element));
    auto type =
        mlir::RankedTensorType::get(static_cast<int64_t>(elements.size()), builder.getI32Type());
    return ir::ConstantOp::create(builder, copy.getLoc(), type,
                                  mlir::DenseElementsAttr::get(type, llvm::ArrayRef(elements)));
  }

  /// Behind the label of an axis with several places for each position comes one for those.
  LogicalResult writeContract(ir::ContractOp contract) {
    std::optional<OrderedSum> sum = orderedSumOf(contract, axes);
    llvm::SmallVector<int64_t> labels[2] = {llvm::SmallVector<int64_t>(contract.getLhsAxes()),
                                            llvm::SmallVector<int64_t>(contract.getRhsAxes())};
    llvm::SmallVector<int64_t> resultLabels(contract.getResultAxes());
    Value result = contract.getResult();
    const Arrangement &arrangement = arrangements.of(result);
    int64_t label = resultLabels[static_cast<size_t>(axes.of(result)[0])];
    int64_t fresh = *std::max_element(resultLabels.begin(), resultLabels.end());
    for (const auto &own : labels)
      fresh = std::max(fresh, *std::max_element(own.begin(), own.end()));
    Value operands[2];
    for (mlir::OpOperand &operand : contract->getOpOperands()) {
      llvm::SmallVector<int64_t> &own = labels[operand.getOperandNumber()];
      Value value = moved.lookup(operand.get());
      // From the last axis to the first, so that those before keep their numbers.
      for (auto axis = static_cast<int64_t>(own.size()); axis-- > 0;) {
        bool isSummed = sum && own[axis] == labelOf(contract, *sum);
        if (!isSummed && own[axis] != label)
          continue;
        const Arrangement &along =
            isSummed ? arrangements.of(contract->getOperand(sum->sequence)) : arrangement;
        if (!axes.isGenerated(operand.get()))
          value = arranged(value, axis, along);
        if (along.each > 1)
          own.insert(own.begin() + axis + 1, fresh + (isSummed ? 1 : 2));
      }
      operands[operand.getOperandNumber()] = value;
    }
    if (arrangement.each > 1)
      resultLabels.insert(resultLabels.begin() + axes.of(result)[0] + 1, fresh + 2);
    auto written = ir::ContractOp::create(builder, contract.getLoc(), operands[0], operands[1],
                                          labels[0], labels[1], resultLabels);
    if (sum)
      written->setAttr(orderedResult, builder.getI64IntegerAttr(sum->axis));
    moved.map(result, written.getResult());
    return success();
  }

  /// The label that a sum runs over.
  static int64_t labelOf(ir::ContractOp contract, const OrderedSum &sum) {
    llvm::ArrayRef<int64_t> labels =
        sum.weight == 0 ? contract.getLhsAxes() : contract.getRhsAxes();
    return labels[static_cast<size_t>(sum.from)];
  }

  const OrderedAxes &axes;
  const Arrangements &arrangements;
  mlir::OpBuilder builder;
  mlir::func::FuncOp copy;
  mlir::IRMapping moved;
};

} // namespace

ir::CausalAttr withoutOrder(ir::CausalAttr contract) {
  return ir::CausalAttr::get(contract.getContext(), contract.getInput(), contract.getInputAxes(),
                             contract.getOutput(), contract.getOutputAxes(), contract.getStrict(),
                             {});
}

FailureOr<mlir::func::FuncOp> inRankOrder(mlir::func::FuncOp model, ir::CausalAttr contract) {
  FailureOr<SteppedModel> stepped = steppedModel(model, withoutOrder(contract));
  if (failed(stepped))
    return failure();
  FailureOr<OrderedAxes> axes = OrderedAxes::follow(*stepped);
  if (failed(axes))
    return failure();
  bool hasSums = llvm::any_of(
      model.front(), [&](mlir::Operation &op) { return orderedSumOf(&op, *axes).has_value(); });
  if (contract.getOrder().empty() && !hasSums)
    return mlir::func::FuncOp();
  if (axes->count() != 1)
    return model.emitError("no step program can be derived: dense layers over several ordered axes "
                           "mix their positions; flatten the input to one");
  FailureOr<Arrangements> arrangements = Arrangements::find(model, contract, *axes);
  if (failed(arrangements))
    return failure();
  return RankOrderWriter(model, *axes, *arrangements).write(model);
}

} // namespace quern::passes
