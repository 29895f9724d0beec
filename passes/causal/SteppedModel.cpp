// Colours that follow each other within a pixel become values of their own: channels of one colour
// are computed once the colours before it are known, and a raster's programs need not know why.
#include "passes/causal/SteppedModel.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/IRMapping.h"

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::success;
using mlir::Value;

using Colours = llvm::SmallVector<Value, 3>;

class ColourSplit {
public:
  ColourSplit(SteppedModel &model, int64_t count) : model(model), count(count) {}

  LogicalResult run() {
    mlir::func::FuncOp function = model.function;
    Value input = model.wholeInput();
    mlir::RankedTensorType type = ir::tensorType(input);
    llvm::SmallVector<int64_t> shape(type.getShape());
    shape[1] = 1;
    for (int64_t colour = 0; colour < count; ++colour)
      model.inputs.push_back(function.front().addArgument(
          mlir::RankedTensorType::get(shape, type.getElementType()), input.getLoc()));
    coloursOf[input].assign(model.inputs.begin(), model.inputs.end());
    for (mlir::Operation &op : llvm::make_early_inc_range(function.front().without_terminator()))
      if (failed(split(&op)))
        return failure();
    Value output = function.front().getTerminator()->getOperand(
        static_cast<unsigned>(model.contract.getOutput()));
    auto found = coloursOf.find(output);
    if (found == coloursOf.end())
      return function.emitError("no step program can be derived: the output has no colours");
    llvm::append_range(model.outputs, found->second);
    return success();
  }

private:
  bool isSplit(Value value) const { return coloursOf.contains(value); }

  LogicalResult refuse(mlir::Operation *op) const {
    return op->emitError("no step program can be derived: ")
           << op->getName().stripDialect() << " does not keep the colours of a pixel apart";
  }

  LogicalResult split(mlir::Operation *op) {
    if (llvm::none_of(op->getOperands(), [&](Value operand) { return isSplit(operand); }))
      return success();
    if (op->getNumResults() != 1 || ir::tensorType(op->getResult(0)).getRank() < 3 ||
        ir::tensorType(op->getResult(0)).getDimSize(1) % count != 0)
      return refuse(op);
    mlir::OpBuilder builder(op);
    Colours colours;
    for (int64_t colour = 0; colour < count; ++colour) {
      FailureOr<Value> own = ofColour(builder, op, colour);
      if (failed(own))
        return failure();
      colours.push_back(*own);
    }
    coloursOf[op->getResult(0)] = colours;
    return success();
  }

  FailureOr<Value> ofColour(mlir::OpBuilder &builder, mlir::Operation *op, int64_t colour) {
    if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
      return convOfColour(builder, conv, colour);
    mlir::RankedTensorType type = ir::tensorType(op->getResult(0));
    llvm::SmallVector<int64_t> shape(type.getShape());
    shape[1] /= count;
    bool keepsChannels =
        llvm::TypeSwitch<mlir::Operation *, bool>(op)
            .Case([](ir::PadOp pad) { return pad.getLow()[1] == 0 && pad.getHigh()[1] == 0; })
            .Case([&](ir::SliceOp slice) {
              return slice.getSizes()[1] == type.getDimSize(1) &&
                     ir::tensorType(slice.getInput()).getDimSize(1) == type.getDimSize(1);
            })
            .Default([](mlir::Operation *other) {
              return other->hasTrait<ir::Elementwise>() || llvm::isa<ir::WindowReduceOp>(other);
            });
    if (!keepsChannels)
      return refuse(op);
    mlir::IRMapping parts;
    for (Value operand : op->getOperands())
      parts.map(operand, partOf(builder, operand, type, colour));
    mlir::Operation *own = builder.clone(*op, parts);
    own->getResult(0).setType(mlir::RankedTensorType::get(shape, type.getElementType()));
    if (auto slice = llvm::dyn_cast<ir::SliceOp>(own))
      slice.setSizes(shape);
    return own->getResult(0);
  }

  /// A colour of an operand of an op with a result of this type: of what is not generated, its
  /// share of the channels.
  Value partOf(mlir::OpBuilder &builder, Value operand, mlir::RankedTensorType result,
               int64_t colour) {
    if (auto found = coloursOf.find(operand); found != coloursOf.end())
      return found->second[static_cast<size_t>(colour)];
    int64_t axis = ir::tensorType(operand).getRank() - result.getRank() + 1;
    if (axis < 0 || ir::tensorType(operand).getDimSize(axis) == 1)
      return operand;
    return share(builder, operand, axis, colour);
  }

  /// The elements along `axis` that belong to a colour.
  Value share(mlir::OpBuilder &builder, Value value, int64_t axis, int64_t colour) {
    mlir::RankedTensorType type = ir::tensorType(value);
    llvm::SmallVector<int64_t> sizes(type.getShape()), starts(sizes.size(), 0),
        ones(sizes.size(), 1);
    sizes[static_cast<size_t>(axis)] /= count;
    starts[static_cast<size_t>(axis)] = colour * sizes[static_cast<size_t>(axis)];
    return ir::SliceOp::create(builder, value.getLoc(), value, starts, sizes, ones);
  }

  /// Reads all colours: its mask says which of them.
  FailureOr<Value> convOfColour(mlir::OpBuilder &builder, ir::ConvOp conv, int64_t colour) {
    if (conv.getGroups() != 1 || isSplit(conv.getWeight()))
      return refuse(conv);
    Value &joined = joinedColours[conv.getInput()];
    if (!joined)
      joined = ir::ConcatOp::create(builder, conv.getLoc(), coloursOf[conv.getInput()], 1);
    return ir::ConvOp::create(builder, conv.getLoc(), joined,
                              share(builder, conv.getWeight(), 0, colour), conv.getStrides(),
                              conv.getDilations(), conv.getPadLow(), conv.getPadHigh(), 1,
                              ir::ConvAttr(), mlir::DenseI64ArrayAttr(), mlir::IntegerAttr())
        .getResult();
  }

  SteppedModel &model;
  int64_t count;
  llvm::DenseMap<Value, Colours> coloursOf;
  /// The colours of a value side by side again, for convolutions.
  llvm::DenseMap<Value, Value> joinedColours;
};

/// How many colours the contract orders within a pixel: 1 where it orders pixels only.
int64_t orderedColours(const SteppedModel &model) {
  llvm::ArrayRef<int64_t> axes = model.contract.getInputAxes();
  mlir::RankedTensorType type = ir::tensorType(model.wholeInput());
  bool isRaster = axes.size() > 1 && type.getRank() > 2 && axes.back() == 1 &&
                  model.contract.getOutputAxes().back() == 1;
  return isRaster ? type.getDimSize(1) : 1;
}

} // namespace

FailureOr<SteppedModel> steppedModel(mlir::func::FuncOp function, ir::CausalAttr contract) {
  SteppedModel model{.function = function, .contract = contract};
  int64_t colours = orderedColours(model);
  if (colours == 1) {
    model.inputs.push_back(model.wholeInput());
    model.outputs.push_back(
        function.front().getTerminator()->getOperand(static_cast<unsigned>(contract.getOutput())));
    return model;
  }
  model.copy = function.clone();
  model.function = *model.copy;
  if (failed(ColourSplit(model, colours).run()))
    return failure();
  return model;
}

} // namespace quern::passes
