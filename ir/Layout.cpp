#include "ir/Layout.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::ir {

llvm::SmallVector<int64_t> physicalOrder(mlir::RankedTensorType type) {
  if (auto layout = llvm::dyn_cast_or_null<LayoutAttr>(type.getEncoding()))
    return llvm::SmallVector<int64_t>(layout.getOrder());
  return llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
}

mlir::RankedTensorType rowMajor(mlir::RankedTensorType type) {
  return mlir::RankedTensorType::get(type.getShape(), type.getElementType());
}

mlir::RankedTensorType withLayout(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> order) {
  if (llvm::is_sorted(order))
    return rowMajor(type);
  return mlir::RankedTensorType::get(type.getShape(), type.getElementType(),
                                     LayoutAttr::get(type.getContext(), order));
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
  for (int64_t axis : llvm::reverse(physicalOrder(type))) {
    result[axis] = step;
    step *= type.getDimSize(axis);
  }
  return result;
}

int64_t elementBytes(mlir::Type element) { return (element.getIntOrFloatBitWidth() + 7) / 8; }

int64_t tensorBytes(mlir::RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType());
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
  llvm::SmallVector<Axis> a = mergedAxes(from), b = mergedAxes(to);
  return from.getElementType() == to.getElementType() && a == b;
}

} // namespace quern::ir
