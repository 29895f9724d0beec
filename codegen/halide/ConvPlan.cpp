#include "codegen/halide/ConvPlan.h"

#include "codegen/halide/KernelGraph.h"
#include "codegen/halide/Knobs.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "ir/conv/GroupVectors.h"

namespace quern::codegen {

void tuneTile(RegisterTile &tile, Knobs &knobs) {
  knobs.tune("tile_nv", tile.nv);
  knobs.tune("tile_mx", tile.mx);
  knobs.tune("tile_my", tile.my);
}

void tuneBlocks(DirectConvPlan &plan, Knobs &knobs) {
  const int64_t rows = plan.stripRows, columns = plan.stripColumns;
  knobs.tune("strip_rows", plan.stripRows);
  plan.stripRows = std::max<int64_t>(plan.stripRows / plan.tile.my, 1) * plan.tile.my;
  knobs.tune("strip_columns", plan.stripColumns);
  plan.stripColumns = std::max<int64_t>(plan.stripColumns / plan.tile.mx, 1) * plan.tile.mx;
  knobs.tune("panels_per_task", plan.panelsPerTask);
  knobs.tune("unroll_depth", plan.unrollDepth);
  knobs.tune("parallel", plan.parallel);
  // Sums that wait in memory are laid out for the strips that were planned with them.
  if (plan.stripRows != rows || plan.stripColumns != columns)
    plan.depthBlock = 0;
}

ConvFamily familyOf(ir::ConvOp op) {
  int64_t channels = ir::tensorType(op.getInput()).getDimSize(1);
  int64_t outputs = ir::tensorType(op.getResult()).getDimSize(1);
  auto groups = static_cast<int64_t>(op.getGroups());
  if (groups > 1 && groups == channels && groups == outputs && op.getSpatialRank() <= 2)
    return ConvFamily::Depthwise;
  switch (ir::groupVectors(groups, channels / groups, outputs / groups)) {
  case ir::GroupVectors::whole:
    return ConvFamily::Direct;
  case ir::GroupVectors::shared:
    return ConvFamily::Grouped;
  case ir::GroupVectors::padded:
    return ConvFamily::PaddedGroups;
  }
  llvm_unreachable("no such vectors");
}

bool readsChannelsLast(ir::ConvOp op) {
  if (!llvm::isa<mlir::BlockArgument>(op.getInput()))
    return false;
  for (const ir::PhysicalDim &dim : storedDims(ir::tensorType(op.getInput())))
    if (dim.extent != 1)
      return dim.axis == 1 && dim.within == 0;
  return true;
}

ConvProblem problemOf(ir::ConvOp op) {
  llvm::ArrayRef<int64_t> in = ir::tensorType(op.getInput()).getShape();
  llvm::ArrayRef<int64_t> out = ir::tensorType(op.getResult()).getShape();
  llvm::ArrayRef<int64_t> weight = op.getFilterShape();
  ConvProblem p;
  p.batch = in[0];
  p.inChannels = in[1];
  p.outChannels = out[1];
  p.groups = static_cast<int64_t>(op.getGroups());
  auto spatial = static_cast<size_t>(op.getSpatialRank());
  size_t x = spatial - 1;
  p.inWidth = in[2 + x], p.outWidth = out[2 + x], p.kernelX = weight[2 + x];
  p.strideX = op.getStrides()[x], p.dilationX = op.getDilations()[x];
  p.padLeft = op.getPadLow()[x], p.padRight = op.getPadHigh()[x];
  if (spatial >= 2) {
    size_t y = x - 1;
    p.inHeight = in[2 + y], p.outHeight = out[2 + y], p.kernelY = weight[2 + y];
    p.strideY = op.getStrides()[y], p.dilationY = op.getDilations()[y];
    p.padTop = op.getPadLow()[y], p.padBottom = op.getPadHigh()[y];
  }
  if (spatial == 3) {
    p.batch *= out[2], p.kernelZ = weight[2];
    // Any padding of the outermost axis also asks for a padded input.
    p.padTop += op.getPadLow()[0], p.padBottom += op.getPadHigh()[0];
  }
  p.computedInput = !llvm::isa<mlir::BlockArgument>(op.getInput());
  p.planarInput = llvm::isa<mlir::BlockArgument>(op.getInput()) && !readsChannelsLast(op);
  return p;
}

mlir::RankedTensorType tapsOutermost(mlir::RankedTensorType type) {
  llvm::SmallVector<int64_t> order;
  for (int64_t axis = 2; axis < type.getRank(); ++axis)
    order.push_back(axis);
  order.append({1, 0});
  return ir::withLayout(type, order);
}

mlir::RankedTensorType panelType(mlir::RankedTensorType type, int64_t panelWidth) {
  llvm::SmallVector<int64_t> order{0};
  for (int64_t axis = 2; axis < type.getRank(); ++axis)
    order.push_back(axis);
  order.append({1, 0});
  return ir::withLayout(type, order, {panelWidth});
}

} // namespace quern::codegen
