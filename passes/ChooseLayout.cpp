// Channels last lets convolutions read and write vectors of channels, at any stride and width.
// Every value that a convolution, window or resize touches is stored so, and all that elementwise
// and joining ops tie to those, so that no kernel reads one order and writes another. What the
// model takes and gives stays row-major, copied where it has many channels, and so does what is
// only flattened.
#include "ir/Layout.h"
#include "passes/Model.h"
#include "passes/Passes.h"

#include "llvm/ADT/EquivalenceClasses.h"

namespace quern::passes {
#define GEN_PASS_DEF_CHOOSELAYOUT
#include "passes/Passes.h.inc"

namespace {

bool isImage(mlir::Value value) {
  int64_t rank = tensorType(value).getRank();
  return rank >= 3 && rank <= 5;
}

/// Ops over (N, C, spatial...) that are fastest with channels last.
bool isSpatial(mlir::Operation *op) {
  return llvm::isa<ir::ConvOp, ir::WindowReduceOp, ir::ResizeOp>(op);
}

/// Ops whose images have one order in memory, so that an element is read where it is written.
bool keepsOrder(mlir::Operation *op) {
  return op->hasTrait<ir::Elementwise>() ||
         llvm::isa<ir::ConcatOp, ir::PadOp, ir::SliceOp, ir::BroadcastOp>(op);
}

/// Whether an image has so many channels that a convolution is slow to read or write it row-major,
/// and a copy pays: pictures have not.
bool hasManyChannels(mlir::Value image) { return tensorType(image).getDimSize(1) >= 8; }

/// Whether all that happens to `value` is that it is flattened, or returned with few channels,
/// which takes row-major.
bool isOnlyFlattened(mlir::Value value) {
  mlir::RankedTensorType last = ir::channelsLast(tensorType(value));
  return llvm::all_of(value.getUsers(), [&](mlir::Operation *user) {
    auto reshape = llvm::dyn_cast<ir::ReshapeOp>(user);
    return (llvm::isa<mlir::func::ReturnOp>(user) && !hasManyChannels(value)) ||
           (reshape && !ir::isReshapeFree(last, tensorType(reshape.getResult())));
  });
}

struct ChooseLayout : impl::ChooseLayoutBase<ChooseLayout> {
  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    if (!model)
      return;
    llvm::EquivalenceClasses<mlir::Value> tied;
    llvm::SmallVector<mlir::Value> touched;
    for (mlir::Operation &op : model.front()) {
      if (op.getNumResults() != 1 || !isImage(op.getResult(0)) ||
          op.hasTrait<mlir::OpTrait::ConstantLike>())
        continue;
      mlir::Value result = op.getResult(0);
      tied.insert(result);
      if (isSpatial(&op)) {
        touched.push_back(result);
        touched.push_back(op.getOperand(0));
      } else if (keepsOrder(&op)) {
        for (mlir::Value operand : op.getOperands())
          if (tensorType(operand).getRank() == tensorType(result).getRank())
            tied.unionSets(result, operand);
      }
    }
    llvm::DenseSet<mlir::Value> channelsLast;
    for (mlir::Value value : touched)
      channelsLast.insert(tied.getOrInsertLeaderValue(value));

    for (mlir::Operation &op : model.front()) {
      if (op.getNumResults() != 1 || !isImage(op.getResult(0)) ||
          op.hasTrait<mlir::OpTrait::ConstantLike>())
        continue;
      mlir::Value result = op.getResult(0);
      if (channelsLast.contains(tied.getOrInsertLeaderValue(result)) && !isOnlyFlattened(result))
        result.setType(ir::channelsLast(tensorType(result)));
    }
    copyArguments(model);
    returnRowMajor(model);
  }

private:
  /// Convolutions of many channels read a copy of what the model takes.
  static void copyArguments(mlir::func::FuncOp model) {
    mlir::OpBuilder builder = mlir::OpBuilder::atBlockBegin(&model.front());
    for (mlir::BlockArgument argument : model.getArguments()) {
      auto isByConv = [](mlir::OpOperand &use) {
        return llvm::isa<ir::ConvOp>(use.getOwner()) && use.getOperandNumber() == 0;
      };
      if (llvm::none_of(argument.getUses(), isByConv) || !hasManyChannels(argument))
        continue;
      mlir::RankedTensorType type = ir::channelsLast(tensorType(argument));
      auto copy =
          ir::ReshapeOp::create(builder, argument.getLoc(), type, argument, type.getShape());
      argument.replaceUsesWithIf(copy, isByConv);
    }
  }

  /// A returned image that others read too is copied into row-major order.
  static void returnRowMajor(mlir::func::FuncOp model) {
    mlir::Operation *terminator = model.front().getTerminator();
    mlir::OpBuilder builder(terminator);
    for (mlir::OpOperand &operand : terminator->getOpOperands()) {
      mlir::RankedTensorType type = tensorType(operand.get());
      if (type == ir::rowMajor(type))
        continue;
      auto copy = ir::ReshapeOp::create(builder, operand.get().getLoc(), ir::rowMajor(type),
                                        operand.get(), type.getShape());
      operand.set(copy);
    }
  }
};

} // namespace
} // namespace quern::passes
