#include "passes/causal/Positions.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"

#include <limits>
#include <numeric>

namespace quern::passes {
namespace {

/// The ordered axes' extents in `shape`; fails where an axis is out of range.
mlir::FailureOr<llvm::SmallVector<int64_t>> extentsAlong(mlir::func::FuncOp model,
                                                         llvm::ArrayRef<int64_t> shape,
                                                         llvm::ArrayRef<int64_t> axes,
                                                         llvm::StringRef what) {
  llvm::SmallVector<int64_t> extents;
  for (int64_t axis : axes) {
    if (axis >= static_cast<int64_t>(shape.size()))
      return model.emitError("causal over axis ")
             << axis << " of the " << what << ", which has only " << shape.size() << " ("
             << ir::shapeText(shape) << "), counted from 0";
    extents.push_back(shape[axis]);
  }
  return extents;
}

llvm::ArrayRef<int64_t> shapeOf(mlir::Type type) {
  return llvm::cast<mlir::RankedTensorType>(type).getShape();
}

} // namespace

mlir::FailureOr<Positions> Positions::of(mlir::func::FuncOp model, ir::CausalAttr contract) {
  if (contract.getInput() >= model.getNumArguments() ||
      contract.getOutput() >= model.getNumResults())
    return model.emitError("causal about input ")
           << contract.getInput() << " and output " << contract.getOutput() << " of a model with "
           << model.getNumArguments() << " inputs and " << model.getNumResults() << " outputs";
  llvm::ArrayRef<int64_t> input = shapeOf(model.getArgumentTypes()[contract.getInput()]);
  llvm::ArrayRef<int64_t> output = shapeOf(model.getResultTypes()[contract.getOutput()]);
  auto extents = extentsAlong(model, input, contract.getInputAxes(), "input");
  auto outputExtents = extentsAlong(model, output, contract.getOutputAxes(), "output");
  if (mlir::failed(extents) || mlir::failed(outputExtents))
    return mlir::failure();
  Positions positions;
  positions.theContract = contract;
  positions.theExtents = *extents;
  int64_t count = 1;
  for (auto [in, out] : llvm::zip_equal(*extents, *outputExtents)) {
    if (out % in != 0)
      return model.emitError("causal over an axis of ")
             << in << " elements, of which the output has " << out
             << ": expected as many, or a multiple";
    positions.neighbours.push_back(out / in);
    count *= in;
  }
  if (count >= std::numeric_limits<int32_t>::max())
    return model.emitError("causal over ") << count << " positions: at most 2^31 - 2 are counted";
  llvm::ArrayRef<int64_t> order = contract.getOrder();
  if (!order.empty() && static_cast<int64_t>(order.size()) != count)
    return model.emitError("causal by an order of ")
           << order.size() << " positions, where there are " << count;
  positions.rankByNumber.resize(count);
  positions.numberByRank.resize(count);
  for (int64_t number = 0; number < count; ++number) {
    int64_t rank = order.empty() ? number : order[number];
    positions.rankByNumber[number] = rank;
    positions.numberByRank[rank] = number;
  }
  positions.theInputRanks = positions.ranks(input, contract.getInputAxes());
  positions.theOutputRanks = positions.ranks(output, contract.getOutputAxes());
  return positions;
}

int64_t Positions::rankOf(llvm::ArrayRef<int64_t> position) const {
  int64_t number = 0;
  for (auto [coordinate, extent] : llvm::zip_equal(position, theExtents))
    number = number * extent + coordinate;
  return rankByNumber[number];
}

llvm::SmallVector<int64_t> Positions::positionOf(int64_t rank) const {
  int64_t number = numberByRank[rank];
  llvm::SmallVector<int64_t> position(theExtents.size());
  for (size_t axis = position.size(); axis-- > 0;) {
    position[axis] = number % theExtents[axis];
    number /= theExtents[axis];
  }
  return position;
}

llvm::SmallVector<int64_t> Positions::ofInput(llvm::ArrayRef<int64_t> index) const {
  llvm::SmallVector<int64_t> position;
  for (int64_t axis : theContract.getInputAxes())
    position.push_back(index[axis]);
  return position;
}

llvm::SmallVector<int64_t> Positions::ofOutput(llvm::ArrayRef<int64_t> index) const {
  llvm::SmallVector<int64_t> position;
  for (auto [axis, several] : llvm::zip_equal(theContract.getOutputAxes(), neighbours))
    position.push_back(index[axis] / several);
  return position;
}

RankTensor Positions::ranks(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> axes) const {
  llvm::SmallVector<int64_t> extents(shape.size(), 1);
  for (int64_t axis : axes)
    extents[axis] = shape[axis];
  RankTensor ranks(shape, extents, RankTensor::never);
  size_t at = 0;
  llvm::SmallVector<int64_t> position(axes.size());
  ir::forEachIndex(extents, [&](llvm::ArrayRef<int64_t> index) {
    for (auto [i, axis] : llvm::enumerate(axes))
      position[i] = index[axis] / (shape[axis] / theExtents[i]);
    ranks.data()[at++] = static_cast<int32_t>(rankOf(position));
  });
  return ranks;
}

} // namespace quern::passes
