#include "ir/Layout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/MathExtras.h"

namespace quern::ir {

llvm::SmallVector<PhysicalDim> physicalDims(mlir::RankedTensorType type) {
  llvm::SmallVector<PhysicalDim> dims;
  auto layout = llvm::dyn_cast_or_null<LayoutAttr>(type.getEncoding());
  if (!layout) {
    for (auto [axis, extent] : llvm::enumerate(type.getShape()))
      dims.push_back({static_cast<int64_t>(axis), extent});
    return dims;
  }
  for (int64_t axis : layout.getOrder().drop_back(layout.getBlocks().size()))
    dims.push_back({axis, type.getDimSize(axis)});
  llvm::ArrayRef<int64_t> split = layout.getOrder().take_back(layout.getBlocks().size());
  for (auto [axis, block] : llvm::zip_equal(split, layout.getBlocks())) {
    PhysicalDim *outer =
        llvm::find_if(dims, [&](const PhysicalDim &dim) { return dim.axis == axis; });
    outer->extent = llvm::divideCeil(type.getDimSize(axis), block);
    outer->count = block;
    dims.push_back({axis, block, 1, block});
  }
  return dims;
}

bool isBlocked(mlir::RankedTensorType type) {
  auto layout = llvm::dyn_cast_or_null<LayoutAttr>(type.getEncoding());
  return layout && !layout.getBlocks().empty();
}

llvm::SmallVector<int64_t> physicalOrder(mlir::RankedTensorType type) {
  assert(!isBlocked(type) && "a blocked tensor has no order of whole axes");
  return llvm::map_to_vector(physicalDims(type), [](const PhysicalDim &dim) { return dim.axis; });
}

mlir::RankedTensorType rowMajor(mlir::RankedTensorType type) {
  return mlir::RankedTensorType::get(type.getShape(), type.getElementType());
}

mlir::RankedTensorType withLayout(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> order,
                                  llvm::ArrayRef<int64_t> blocks) {
  if (blocks.empty() && llvm::is_sorted(order))
    return rowMajor(type);
  return mlir::RankedTensorType::get(type.getShape(), type.getElementType(),
                                     LayoutAttr::get(type.getContext(), order, blocks));
}

mlir::RankedTensorType channelsLast(mlir::RankedTensorType type) {
  llvm::SmallVector<int64_t> order{0};
  for (int64_t axis = 2; axis < type.getRank(); ++axis)
    order.push_back(axis);
  order.push_back(1);
  return withLayout(type, order);
}

llvm::SmallVector<int64_t> strides(mlir::RankedTensorType type) {
  llvm::SmallVector<int64_t> result(type.getRank());
  int64_t step = 1;
  llvm::SmallVector<int64_t> order = physicalOrder(type);
  for (int64_t axis : llvm::reverse(order)) {
    result[axis] = step;
    step *= type.getDimSize(axis);
  }
  return result;
}

int64_t elementBytes(mlir::Type element) { return (element.getIntOrFloatBitWidth() + 7) / 8; }

int64_t tensorBytes(mlir::RankedTensorType type) {
  int64_t elements = 1;
  for (const PhysicalDim &dim : physicalDims(type))
    elements *= dim.extent;
  return elements * elementBytes(type.getElementType());
}

namespace {
struct Axis {
  int64_t extent;
  int64_t stride;
  bool operator==(const Axis &) const = default;
};

/// Axes in logical order without those of extent 1, neighbours merged where memory allows it. Two
/// types with equal lists map each row-major index to the same address.
llvm::SmallVector<Axis> mergedAxes(mlir::RankedTensorType type) {
  llvm::SmallVector<Axis> merged;
  for (auto [extent, stride] : llvm::zip_equal(type.getShape(), strides(type))) {
    if (extent == 1)
      continue;
    if (!merged.empty() && merged.back().stride == stride * extent)
      merged.back() = {merged.back().extent * extent, stride};
    else
      merged.push_back({extent, stride});
  }
  return merged;
}
} // namespace

bool isReshapeFree(mlir::RankedTensorType from, mlir::RankedTensorType to) {
  if (isBlocked(from) || isBlocked(to))
    return from == to;
  llvm::SmallVector<Axis> a = mergedAxes(from), b = mergedAxes(to);
  return from.getElementType() == to.getElementType() && a == b;
}

} // namespace quern::ir
