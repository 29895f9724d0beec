// A pointwise convolution does not care which pixel is whose neighbour, and no more does a copy
// into another order of channels and pixels. With all pixels on one axis the kernel of the one is a
// matrix product over one long axis, that of the other a transposition: no tail on each row, and
// fewer distinct kernels. The batch axis stays: it is outside the channels in logical order, so no
// reshape can bring it to the pixels.
#include "ir/Layout.h"
#include "passes/Model.h"
#include "passes/Passes.h"

namespace quern::passes {
#define GEN_PASS_DEF_COLLAPSEPIXELS
#include "passes/Passes.h.inc"

namespace {

bool all(llvm::ArrayRef<int64_t> values, int64_t number) {
  return llvm::all_of(values, [&](int64_t value) { return value == number; });
}

bool isPixelwise(ir::ConvOp conv) {
  return conv.isPointwise() && all(conv.getStrides(), 1) && all(conv.getPadLow(), 0) &&
         all(conv.getPadHigh(), 0);
}

/// Whether all that an op does is to store the elements of its operand in another order.
bool isCopy(mlir::Operation &op) {
  return llvm::isa<ir::ReshapeOp>(op) &&
         tensorType(op.getOperand(0)).getShape() == tensorType(op.getResult(0)).getShape();
}

/// The op whose pixels are to be one axis: a pointwise convolution, or a copy in another order.
mlir::Operation *collapsible(ir::FusedOp fused) {
  for (mlir::Operation &op : fused.getBody().front().without_terminator()) {
    auto conv = llvm::dyn_cast<ir::ConvOp>(op);
    if (!(conv && isPixelwise(conv)) && !isCopy(op))
      continue;
    llvm::ArrayRef<int64_t> shape = tensorType(op.getResult(0)).getShape();
    bool isOneRow = shape.size() < 4 || all(shape.drop_front(2).drop_back(), 1);
    return isOneRow ? nullptr : &op;
  }
  return nullptr;
}

/// `type` with its trailing `pixels` merged into the last axis.
mlir::RankedTensorType collapsed(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> pixels) {
  llvm::SmallVector<int64_t> shape(type.getShape().drop_back(pixels.size()));
  shape.append(pixels.size() - 1, 1);
  shape.push_back(mlir::ShapedType::getNumElements(pixels));
  return mlir::RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
}

/// The type under which the kernel reads or makes a tensor: collapsed where it has the pixels, as
/// it is where it has one value for all of them, nothing where it has neither or memory forbids.
std::optional<mlir::RankedTensorType> pixelType(mlir::RankedTensorType type,
                                                llvm::ArrayRef<int64_t> pixels) {
  llvm::ArrayRef<int64_t> tail =
      type.getShape().take_back(std::min<size_t>(pixels.size(), type.getRank()));
  if (llvm::all_of(tail, [](int64_t extent) { return extent == 1; }))
    return type;
  if (tail != pixels || !ir::isReshapeFree(type, collapsed(type, pixels)))
    return std::nullopt;
  return collapsed(type, pixels);
}

/// The types of every value of the kernel after the change, or nothing if some op stands in the
/// way.
std::optional<llvm::DenseMap<mlir::Value, mlir::RankedTensorType>>
collapsedTypes(ir::FusedOp fused, mlir::Operation *anchor) {
  llvm::SmallVector<int64_t> pixels(tensorType(anchor->getResult(0)).getShape().drop_front(2));
  auto conv = llvm::dyn_cast<ir::ConvOp>(anchor);
  llvm::DenseMap<mlir::Value, mlir::RankedTensorType> types;
  auto enter = [&](mlir::Value value) {
    std::optional<mlir::RankedTensorType> type = conv && value == conv.getWeight()
                                                     ? tensorType(value)
                                                     : pixelType(tensorType(value), pixels);
    return type && types.try_emplace(value, *type).second;
  };
  for (mlir::Operation &op : fused.getBody().front().without_terminator()) {
    bool isSimple = &op == anchor || op.hasTrait<ir::Elementwise>() || isCopy(op) ||
                    llvm::isa<ir::ConstantOp>(op);
    if (!isSimple || !enter(op.getResult(0)))
      return std::nullopt;
  }
  bool hasOwnWeight =
      !conv || (llvm::isa<mlir::BlockArgument>(conv.getWeight()) && conv.getWeight().hasOneUse());
  if (!hasOwnWeight || !llvm::all_of(fused.getBody().getArguments(), enter))
    return std::nullopt;
  return types;
}

/// `value` under `type`; a reshape that made it from just that is undone.
mlir::Value reshaped(mlir::OpBuilder &builder, mlir::Value value, mlir::RankedTensorType type) {
  if (value.getType() == type)
    return value;
  if (auto reshape = value.getDefiningOp<ir::ReshapeOp>();
      reshape && reshape.getInput().getType() == type)
    return reshape.getInput();
  return ir::ReshapeOp::create(builder, value.getLoc(), type, value, type.getShape());
}

void collapse(ir::FusedOp fused, const llvm::DenseMap<mlir::Value, mlir::RankedTensorType> &types) {
  mlir::OpBuilder builder(fused);
  mlir::Block &body = fused.getBody().front();
  llvm::SmallVector<mlir::Value> inputs;
  for (auto [input, argument] : llvm::zip_equal(fused.getInputs(), body.getArguments()))
    inputs.push_back(reshaped(builder, input, types.at(argument)));
  mlir::RankedTensorType result = types.at(body.getTerminator()->getOperand(0));
  auto wide = ir::FusedOp::create(builder, fused.getLoc(), mlir::TypeRange{result}, inputs);
  for (auto [value, type] : types) {
    if (auto constant = value.getDefiningOp<ir::ConstantOp>())
      constant.setValueAttr(
          llvm::cast<mlir::DenseElementsAttr>(constant.getValue()).resizeSplat(type));
    if (auto copy = value.getDefiningOp<ir::ReshapeOp>())
      copy.setShape(type.getShape());
    mlir::Value(value).setType(type);
  }
  wide.getBody().takeBody(fused.getBody());
  fused.getResult(0).replaceAllUsesWith(
      reshaped(builder, wide.getResult(0), tensorType(fused.getResult(0))));
  fused.erase();
}

struct CollapsePixels : impl::CollapsePixelsBase<CollapsePixels> {
  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    if (!model)
      return;
    for (auto fused : llvm::make_early_inc_range(model.front().getOps<ir::FusedOp>())) {
      mlir::Operation *anchor = collapsible(fused);
      if (!anchor)
        continue;
      if (auto types = collapsedTypes(fused, anchor))
        collapse(fused, *types);
    }
    for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(model.front())))
      if (mlir::isOpTriviallyDead(&op))
        op.erase();
  }
};

} // namespace
} // namespace quern::passes
