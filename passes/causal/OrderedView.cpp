#include "passes/causal/OrderedView.h"

namespace quern::passes {

namespace {

/// What a view moves and where its input begins and ends, in its own coordinates.
std::optional<llvm::SmallVector<int64_t>> movedBy(mlir::Operation *op, const OrderedAxes &axes) {
  auto isOrdered = [&](size_t axis) {
    return axes.orderedAxis(op->getOperand(0), static_cast<int64_t>(axis)).has_value();
  };
  llvm::SmallVector<int64_t> moved;
  if (auto pad = llvm::dyn_cast<ir::PadOp>(op)) {
    if (!pad.getValue().isZero())
      return std::nullopt;
    for (size_t axis = 0; axis < pad.getLow().size(); ++axis) {
      if (!isOrdered(axis) && (pad.getLow()[axis] != 0 || pad.getHigh()[axis] != 0))
        return std::nullopt;
      moved.push_back(-pad.getLow()[axis]);
    }
    return moved;
  }
  auto slice = llvm::dyn_cast_or_null<ir::SliceOp>(op);
  if (!slice)
    return std::nullopt;
  llvm::ArrayRef<int64_t> shape = ir::tensorType(slice.getInput()).getShape();
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    bool isWhole = slice.getSizes()[axis] == shape[axis];
    if (slice.getStrides()[axis] != 1 || (!isOrdered(axis) && !isWhole))
      return std::nullopt;
    moved.push_back(slice.getStarts()[axis]);
  }
  return moved;
}

} // namespace

bool isOrderedView(mlir::Operation *op, const OrderedAxes &axes) {
  return op && llvm::isa<ir::PadOp, ir::SliceOp>(op) && axes.isGenerated(op->getOperand(0)) &&
         movedBy(op, axes).has_value();
}

OrderedView viewOf(mlir::Value value, const OrderedAxes &axes) {
  auto extent = [&](mlir::Value of, size_t ordered) {
    int64_t axis = axes.of(of)[ordered];
    return axis < 0 ? axes.extents()[ordered] : ir::tensorType(of).getDimSize(axis);
  };
  OrderedView view{value, Distance(axes.count(), 0), Distance(axes.count(), 0), {}};
  for (size_t ordered = 0; ordered < axes.count(); ++ordered)
    view.high.push_back(extent(value, ordered));
  auto move = [&](size_t ordered, int64_t by) {
    view.distance[ordered] += by;
    view.low[ordered] = std::max<int64_t>(view.low[ordered] + by, 0);
    view.high[ordered] = std::min(view.high[ordered] + by, extent(view.root, ordered));
  };
  while (axes.isGenerated(view.root)) {
    if (const StepLink *link = axes.linkOf(view.root)) {
      view.root = link->to;
      if (axes.isGenerated(view.root))
        move(link->ordered, link->by);
      continue;
    }
    mlir::Operation *op = view.root.getDefiningOp();
    if (!isOrderedView(op, axes))
      break;
    llvm::SmallVector<int64_t> moved = *movedBy(op, axes);
    view.root = op->getOperand(0);
    for (size_t ordered = 0; ordered < axes.count(); ++ordered)
      if (int64_t axis = axes.of(view.root)[ordered]; axis >= 0)
        move(ordered, moved[static_cast<size_t>(axis)]);
  }
  return view;
}

} // namespace quern::passes
