#include "passes/causal/NormalForm.h"

#include "ir/HostTensor.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/OrderedView.h"

#include "mlir/IR/IRMapping.h"

namespace quern::passes {
namespace {

using ir::tensorType;
using mlir::Value;
using Shape = llvm::SmallVector<int64_t>;

/// An op of its own that gives `value`; simplification removes it where nobody needs it.
Value copyOf(mlir::OpBuilder &builder, Value value) {
  return ir::CastOp::create(builder, value.getLoc(), value,
                            mlir::TypeAttr::get(tensorType(value).getElementType()));
}

/// A constant, all of whose elements are `number`.
Value splat(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
            double number) {
  mlir::Type element = type.getElementType();
  mlir::Attribute attribute = llvm::isa<mlir::FloatType>(element)
                                  ? mlir::Attribute(builder.getFloatAttr(element, number))
                                  : builder.getIntegerAttr(element, static_cast<int64_t>(number));
  return ir::ConstantOp::create(builder, loc, type, mlir::DenseElementsAttr::get(type, attribute));
}

/// Whether an element along each axis comes from [low, low + extent) of it, where `inner` has the
/// extents and `outer` those of the result: bools, of one element along all other axes.
Value insideOf(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<int64_t> low,
               llvm::ArrayRef<int64_t> inner, llvm::ArrayRef<int64_t> outer) {
  Shape shape(outer.size(), 1);
  for (size_t axis = 0; axis < outer.size(); ++axis)
    if (inner[axis] != outer[axis])
      shape[axis] = outer[axis];
  llvm::SmallVector<bool> isInside;
  ir::forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index) {
    bool &inside = isInside.emplace_back(true);
    for (size_t axis = 0; axis < outer.size(); ++axis)
      if (inner[axis] != outer[axis])
        inside &= index[axis] >= low[axis] && index[axis] < low[axis] + inner[axis];
  });
  auto type = mlir::RankedTensorType::get(shape, builder.getI1Type());
  return ir::ConstantOp::create(builder, loc, type,
                                mlir::DenseElementsAttr::get(type, llvm::ArrayRef(isInside)));
}

/// `value` between zeros, and outside of it `others`, which broadcast.
ir::SelectOp surrounded(mlir::OpBuilder &builder, Value value, llvm::ArrayRef<int64_t> low,
                        llvm::ArrayRef<int64_t> high, Value others, mlir::RankedTensorType type) {
  mlir::Location loc = value.getLoc();
  Value padded = ir::PadOp::create(builder, loc, type, value, low, high, llvm::APFloat(0.0));
  Value inside = insideOf(builder, loc, low, tensorType(value).getShape(), type.getShape());
  return ir::SelectOp::create(builder, loc, inside, padded, others);
}

/// What `slice` takes of an operand of the op that it is applied to, which may broadcast it.
Value operandOfSlice(mlir::OpBuilder &builder, ir::SliceOp slice, Value operand) {
  llvm::ArrayRef<int64_t> shape = tensorType(operand).getShape();
  size_t lacking = slice.getSizes().size() - shape.size();
  Shape starts, sizes, strides;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    bool isRepeated = shape[axis] == 1;
    starts.push_back(isRepeated ? 0 : slice.getStarts()[lacking + axis]);
    sizes.push_back(isRepeated ? 1 : slice.getSizes()[lacking + axis]);
    strides.push_back(isRepeated ? 1 : slice.getStrides()[lacking + axis]);
  }
  if (llvm::ArrayRef(sizes) == shape)
    return operand;
  return ir::SliceOp::create(builder, slice.getLoc(), operand, starts, sizes, strides);
}

/// Lets an op that goes element by element compute no more than the slice that alone is taken of
/// it: nothing is left with more positions than the order has.
void computeOnlySlice(mlir::OpBuilder &builder, ir::SliceOp slice) {
  mlir::Operation *op = slice.getInput().getDefiningOp();
  builder.setInsertionPoint(slice);
  mlir::IRMapping operands;
  for (Value operand : op->getOperands())
    if (!operands.contains(operand))
      operands.map(operand, operandOfSlice(builder, slice, operand));
  mlir::Operation *own = builder.clone(*op, operands);
  own->getResult(0).setType(slice.getType());
  slice.replaceAllUsesWith(own->getResult(0));
  slice.erase();
  op->erase();
}

/// Takes as much of what `pad` lets zeros in beside as `slice` takes of both: a slice of its own,
/// or null where that is all of it, or not computed for this alone.
ir::SliceOp shortenPadded(mlir::OpBuilder &builder, ir::SliceOp slice, ir::PadOp pad) {
  mlir::Operation *op = pad.getInput().getDefiningOp();
  if (!op || !op->hasTrait<ir::Elementwise>() || !op->hasOneUse() || !pad->hasOneUse())
    return nullptr;
  Shape sizes(tensorType(pad.getInput()).getShape()), starts(sizes.size(), 0),
      ones(sizes.size(), 1);
  for (auto [axis, size] : llvm::enumerate(sizes))
    if (slice.getStrides()[axis] == 1 && slice.getStarts()[axis] <= pad.getLow()[axis])
      size = std::min(size, slice.getSizes()[axis]);
  if (llvm::ArrayRef(sizes) == tensorType(pad.getInput()).getShape())
    return nullptr;
  builder.setInsertionPoint(pad);
  auto shorter = ir::SliceOp::create(builder, slice.getLoc(), pad.getInput(), starts, sizes, ones);
  slice.getInputMutable().assign(ir::PadOp::create(builder, pad.getLoc(), shorter, pad.getLowAttr(),
                                                   pad.getHighAttr(), pad.getValueAttr()));
  pad.erase();
  return shorter;
}

class NormalForm {
public:
  NormalForm(mlir::func::FuncOp model, ir::CausalAttr contract)
      : model(model), contract(contract), builder(model) {}

  /// Whether anything had to be changed.
  bool bring() {
    do
      cutEarly();
    while (letInOnlyZeros());
    model.walk([&](ir::ScanOp scan) {
      if (!llvm::all_of(scan.getInits(), isZeros))
        separateCarried(scan);
    });
    separateKeys();
    separateOutput();
    return hasChanged;
  }

private:
  mlir::OpOperand &output() {
    return model.front().getTerminator()->getOpOperand(static_cast<unsigned>(contract.getOutput()));
  }

  OrderedAxes followed() {
    return OrderedAxes::followAsFar(
        {.function = model,
         .contract = contract,
         .inputs = {model.getArgument(static_cast<unsigned>(contract.getInput()))}});
  }

  /// Changes the first pad or join along the order that lets in other values than zeros.
  bool letInOnlyZeros() {
    OrderedAxes axes = followed();
    for (mlir::Operation &op : model.front()) {
      if (auto pad = llvm::dyn_cast<ir::PadOp>(op); pad && replace(pad, axes))
        return true;
      if (auto concat = llvm::dyn_cast<ir::ConcatOp>(op); concat && replace(concat, axes))
        return true;
    }
    return false;
  }

  bool replace(ir::PadOp pad, const OrderedAxes &axes) {
    if (pad.getValue().isZero() || !axes.isGenerated(pad.getInput()))
      return false;
    bool isAlongOrder = false;
    for (auto [axis, low, high] : llvm::enumerate(pad.getLow(), pad.getHigh()))
      isAlongOrder |= (low > 0 || high > 0) &&
                      axes.orderedAxis(pad.getInput(), static_cast<int64_t>(axis)).has_value();
    if (!isAlongOrder)
      return false;
    builder.setInsertionPoint(pad);
    mlir::RankedTensorType type = tensorType(pad.getResult());
    Value others =
        splat(builder, pad.getLoc(), mlir::RankedTensorType::get({}, type.getElementType()),
              pad.getValue().convertToDouble());
    replaceBy(pad, surrounded(builder, pad.getInput(), pad.getLow(), pad.getHigh(), others, type));
    return true;
  }

  /// One generated value between others.
  bool replace(ir::ConcatOp concat, const OrderedAxes &axes) {
    auto isGenerated = [&](Value value) { return axes.isGenerated(value); };
    if (llvm::count_if(concat.getInputs(), isGenerated) != 1)
      return false;
    Value generated = *llvm::find_if(concat.getInputs(), isGenerated);
    int64_t axis = concat.getAxis();
    if (!axes.orderedAxis(generated, axis))
      return false;
    builder.setInsertionPoint(concat);
    mlir::RankedTensorType type = tensorType(concat.getResult());
    Shape low(static_cast<size_t>(type.getRank()), 0), high = low;
    llvm::SmallVector<Value> others;
    bool isBefore = true;
    for (Value part : concat.getInputs()) {
      isBefore &= part != generated;
      if (part == generated) {
        others.push_back(splat(builder, concat.getLoc(), tensorType(part), 0));
        continue;
      }
      (isBefore ? low : high)[static_cast<size_t>(axis)] += tensorType(part).getDimSize(axis);
      others.push_back(part);
    }
    Value joined = ir::ConcatOp::create(builder, concat.getLoc(), others, axis);
    replaceBy(concat, surrounded(builder, generated, low, high, joined, type));
    return true;
  }

  void replaceBy(mlir::Operation *op, ir::SelectOp with) {
    op->getResult(0).replaceAllUsesWith(with.getResult());
    op->erase();
    hasChanged = true;
  }

  /// Slices that shorten what ops compute element by element come before them, and before pads.
  void cutEarly() {
    llvm::SmallVector<ir::SliceOp> slices(model.front().getOps<ir::SliceOp>());
    while (!slices.empty()) {
      ir::SliceOp slice = slices.pop_back_val();
      mlir::Operation *op = slice.getInput().getDefiningOp();
      if (auto pad = llvm::dyn_cast_or_null<ir::PadOp>(op))
        if (ir::SliceOp shorter = shortenPadded(builder, slice, pad)) {
          slices.push_back(shorter);
          hasChanged = true;
        }
      op = slice.getInput().getDefiningOp();
      if (!op || !op->hasTrait<ir::Elementwise>() || !op->hasOneUse())
        continue;
      llvm::SmallVector<Value> operands(op->getOperands());
      computeOnlySlice(builder, slice);
      hasChanged = true;
      for (Value operand : operands)
        for (mlir::Operation *user : operand.getUsers())
          if (auto own = llvm::dyn_cast<ir::SliceOp>(user); own && !llvm::is_contained(slices, own))
            slices.push_back(own);
    }
  }

  void separateCarried(ir::ScanOp scan) {
    builder.setInsertionPointAfter(scan);
    for (Value result : scan.getStacked()) {
      if (result.use_empty())
        continue;
      Value own = copyOf(builder, result);
      result.replaceAllUsesExcept(own, own.getDefiningOp());
    }
    // One value that is carried twice begins with two.
    mlir::Operation *yield = scan.getBody().front().getTerminator();
    builder.setInsertionPoint(yield);
    llvm::SmallPtrSet<Value, 4> carried;
    for (mlir::OpOperand &next : yield->getOpOperands())
      if (!carried.insert(next.get()).second)
        next.set(copyOf(builder, next.get()));
    hasChanged = true;
  }

  /// What is read as keys lies in a state as it is: it is no view of another value.
  void separateKeys() {
    OrderedAxes axes = followed();
    for (mlir::Operation &op : model.front())
      for (mlir::OpOperand &operand : op.getOpOperands()) {
        if (!axes.isReadAsKeys(operand) || viewOf(operand.get(), axes).root == operand.get())
          continue;
        builder.setInsertionPoint(&op);
        operand.set(copyOf(builder, operand.get()));
        hasChanged = true;
      }
  }

  void separateOutput() {
    mlir::Operation *source = output().get().getDefiningOp();
    if (source && !llvm::isa<ir::PadOp, ir::SliceOp>(source))
      return;
    builder.setInsertionPoint(model.front().getTerminator());
    output().set(copyOf(builder, output().get()));
    hasChanged = true;
  }

  mlir::func::FuncOp model;
  ir::CausalAttr contract;
  mlir::OpBuilder builder;
  bool hasChanged = false;
};

} // namespace

mlir::func::FuncOp inNormalForm(mlir::func::FuncOp model, ir::CausalAttr contract) {
  mlir::func::FuncOp copy = model.clone();
  mlir::OpBuilder(model).insert(copy);
  if (NormalForm(copy, contract).bring())
    return copy;
  copy.erase();
  return nullptr;
}

} // namespace quern::passes
