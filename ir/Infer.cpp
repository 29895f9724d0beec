#include "ir/Infer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>

namespace quern::ir {

std::optional<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<int64_t> a,
                                                          llvm::ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  llvm::SmallVector<int64_t> result(a);
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &extent = result[a.size() - b.size() + i];
    if (extent == 1)
      extent = b[i];
    else if (b[i] != 1 && b[i] != extent)
      return std::nullopt;
  }
  return result;
}

std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  return llvm::join(llvm::map_range(shape, [](int64_t extent) { return std::to_string(extent); }),
                    "x");
}

mlir::FailureOr<llvm::SmallVector<int64_t>> inferWindow(std::optional<mlir::Location> loc,
                                                        llvm::ArrayRef<int64_t> input,
                                                        const WindowShape &shape,
                                                        const WindowConstraints &constraints) {
  for (llvm::ArrayRef<int64_t> list :
       {shape.window, shape.strides, shape.dilations, shape.padLow, shape.padHigh})
    if (list.size() != input.size())
      return mlir::emitOptionalError(loc, constraints.entries, ": ", input.size(),
                                     " spatial axes need as many entries, not ", list.size());
  llvm::SmallVector<int64_t> result;
  for (size_t i = 0; i < input.size(); ++i) {
    if (shape.window[i] < 1 || shape.strides[i] < 1 || shape.dilations[i] < 1 ||
        shape.padLow[i] < 0 || shape.padHigh[i] < 0)
      return mlir::emitOptionalError(
          loc, constraints.positive,
          ": window, stride and dilation must be at least 1 and padding at least 0");
    if (std::max({shape.window[i], shape.strides[i], shape.dilations[i], shape.padLow[i],
                  shape.padHigh[i]}) > largestWindowEntry)
      return mlir::emitOptionalError(loc, constraints.positive,
                                     ": window, stride, dilation and padding must be at most ",
                                     largestWindowEntry);
    int64_t reach = shape.dilations[i] * (shape.window[i] - 1) + 1;
    int64_t padded = input[i] + shape.padLow[i] + shape.padHigh[i];
    if (reach > padded)
      return mlir::emitOptionalError(loc, constraints.fits, ": a window that spans ", reach,
                                     " does not fit into an input of ", padded, " along axis ",
                                     i + 2);
    result.push_back((padded - reach) / shape.strides[i] + 1);
  }
  return result;
}

bool sameIgnoringLayout(mlir::TypeRange a, mlir::TypeRange b) {
  return llvm::equal(a, b, [](mlir::Type x, mlir::Type y) {
    auto tx = llvm::dyn_cast<mlir::RankedTensorType>(x),
         ty = llvm::dyn_cast<mlir::RankedTensorType>(y);
    return tx && ty && tx.getShape() == ty.getShape() && tx.getElementType() == ty.getElementType();
  });
}

} // namespace quern::ir
