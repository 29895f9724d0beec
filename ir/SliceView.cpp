#include "ir/SliceView.h"

#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::ir {

std::optional<int64_t> sliceOffset(SliceOp slice) {
  mlir::RankedTensorType from = tensorType(slice.getInput()), to = tensorType(slice.getResult());
  if (isBlocked(from) || isBlocked(to))
    return std::nullopt;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> fromStrides = strides(from), toStrides = strides(to);
  for (int64_t axis = 0; axis < to.getRank(); ++axis) {
    if (to.getDimSize(axis) > 1 && fromStrides[axis] * slice.getStrides()[axis] != toStrides[axis])
      return std::nullopt;
    offset += slice.getStarts()[axis] * fromStrides[axis];
  }
  return offset * elementBytes(from.getElementType());
}

} // namespace quern::ir
