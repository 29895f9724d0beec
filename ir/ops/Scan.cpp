// The verifier of scan.
#include "ir/Infer.h"

namespace quern::ir {
namespace {

/// `type` without axis `axis`.
mlir::RankedTensorType elementOf(mlir::RankedTensorType type, int64_t axis) {
  llvm::SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + axis);
  return mlir::RankedTensorType::get(shape, type.getElementType());
}

/// Whether each axis lies in [0, rank of its value + slack).
bool areInRange(llvm::ArrayRef<int64_t> axes, mlir::ValueRange values, int64_t slack) {
  return llvm::all_of(llvm::zip_equal(axes, values), [&](auto pair) {
    auto [axis, value] = pair;
    return axis >= 0 && axis < tensorType(value).getRank() + slack;
  });
}

} // namespace

mlir::LogicalResult ScanOp::verify() {
  if (getSequences().empty() || getInits().empty() || getAxes().size() != getSequences().size() ||
      getResultAxes().size() != getInits().size() || getStacked().size() != getInits().size() ||
      !areInRange(getAxes(), getSequences(), 0) || !areInRange(getResultAxes(), getInits(), 1))
    return emitOpError("N1: needs an axis in range for each of its sequences and results, at least "
                       "one of each");
  llvm::SmallVector<mlir::Type> arguments;
  for (auto [sequence, axis] : llvm::zip_equal(getSequences(), getAxes())) {
    mlir::RankedTensorType type = tensorType(sequence);
    if (type.getDimSize(axis) != getSteps())
      return emitOpError("N2: sequences of ")
             << getSteps() << " and of " << type.getDimSize(axis) << " steps";
    arguments.push_back(elementOf(type, axis));
  }
  llvm::append_range(arguments, getInits().getTypes());
  llvm::append_range(arguments, getInvariants().getTypes());
  if (!sameIgnoringLayout(getBody().getArgumentTypes(), arguments))
    return emitOpError("N3: the body takes ")
           << getBody().getArgumentTypes() << ", not " << mlir::TypeRange(arguments);
  auto yield = llvm::dyn_cast<YieldOp>(getBody().front().back());
  if (!yield || !sameIgnoringLayout(yield.getValues().getTypes(), getInits().getTypes()))
    return emitOpError("N4: the body yields other types than the inits'");
  for (auto [init, result, axis] : llvm::zip_equal(getInits(), getStacked(), getResultAxes())) {
    llvm::SmallVector<int64_t> shape(tensorType(init).getShape());
    shape.insert(shape.begin() + axis, getSteps());
    auto expected = mlir::RankedTensorType::get(shape, tensorType(init).getElementType());
    if (!sameIgnoringLayout(mlir::TypeRange(result.getType()), mlir::TypeRange(expected)))
      return emitOpError("N5: a result is ") << result.getType() << ", not " << expected;
  }
  return mlir::success();
}

} // namespace quern::ir
