// Ops that move elements: index maps.
#include "ir/HostTensor.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/ReadRules.h"

namespace quern::passes {
namespace {

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return tensorType(value).getShape(); }
} // namespace

/// Axes of both shapes are cut into the finest consecutive groups of equal size.
Reads reshapeReads(ir::ReshapeOp op) {
  llvm::ArrayRef<int64_t> in = shapeOf(op.getInput()), out = shapeOf(op.getResult());
  Read read{.operand = 0};
  int64_t i = 0, o = 0;
  auto inRank = static_cast<int64_t>(in.size()), outRank = static_cast<int64_t>(out.size());
  while (i < inRank) {
    AxisMap map{.operand = {i, 1}, .result = {o, o < outRank ? 1 : 0}};
    int64_t inSize = in[i++], outSize = o < outRank ? out[o++] : 1;
    while (inSize != outSize) {
      if (inSize < outSize)
        inSize *= in[i++], ++map.operand.count;
      else
        outSize *= out[o++], ++map.result.count;
    }
    read.maps.push_back(std::move(map));
  }
  return {std::move(read)};
}

Reads transposeReads(ir::TransposeOp op) {
  Read read{.operand = 0};
  for (auto [result, operand] : llvm::enumerate(op.getPermutation()))
    read.maps.push_back(alongAxis(operand, static_cast<int64_t>(result)));
  llvm::sort(read.maps,
             [](const AxisMap &a, const AxisMap &b) { return a.operand.first < b.operand.first; });
  return {std::move(read)};
}

Reads sliceReads(ir::SliceOp op) {
  Read read{.operand = 0};
  for (auto [axis, extent] : llvm::enumerate(shapeOf(op.getInput())))
    read.maps.push_back(
        movedAxis(static_cast<int64_t>(axis), extent, op.getStrides()[axis], op.getStarts()[axis]));
  return {std::move(read)};
}

Reads concatReads(ir::ConcatOp op) {
  Reads reads;
  auto joined = static_cast<int64_t>(op.getAxis());
  int64_t rank = tensorType(op.getResult()).getRank(), start = 0;
  for (int64_t operand = 0; operand < op->getNumOperands(); ++operand) {
    int64_t extent = shapeOf(op->getOperand(operand))[joined];
    Read read{.operand = operand};
    for (int64_t axis = 0; axis < rank; ++axis)
      read.maps.push_back(axis != joined ? alongAxis(axis, axis)
                                         : movedAxis(axis, extent, 1, -start));
    reads.push_back(std::move(read));
    start += extent;
  }
  return reads;
}

Reads padReads(ir::PadOp op) {
  Read read{.operand = 0};
  for (auto [axis, extent] : llvm::enumerate(shapeOf(op.getInput())))
    read.maps.push_back(
        movedAxis(static_cast<int64_t>(axis), extent, 1, -static_cast<int64_t>(op.getLow()[axis])));
  return {std::move(read)};
}

Reads gatherReads(ir::GatherOp op) {
  llvm::ArrayRef<int64_t> in = shapeOf(op.getInput()), indices = shapeOf(op.getIndices());
  auto gathered = static_cast<int64_t>(op.getAxis());
  auto count = static_cast<int64_t>(indices.size());
  AxisRange result{gathered, count};
  Read input{.operand = 0};
  for (int64_t axis = 0; axis < gathered; ++axis)
    input.maps.push_back(alongAxis(axis, axis));
  if (auto constant = constantElements(op.getIndices())) {
    RankTensor places = constant->expanded(llvm::to_vector(llvm::seq<int64_t>(count)));
    input.maps.push_back(
        mappedAxis({gathered, 1}, result, in[gathered], static_cast<int64_t>(places.data().size()),
                   1, [&](int64_t element, int64_t) {
                     return std::clamp<int64_t>(places.data()[element], 0, in[gathered] - 1);
                   }));
  } else {
    input.maps.push_back(wholeAxis(gathered, in[gathered]));
  }
  for (int64_t axis = gathered + 1; axis < static_cast<int64_t>(in.size()); ++axis)
    input.maps.push_back(alongAxis(axis, axis + count - 1));
  Read places{.operand = 1};
  for (int64_t axis = 0; axis < count; ++axis)
    places.maps.push_back(alongAxis(axis, gathered + axis));
  return {std::move(input), std::move(places)};
}

} // namespace quern::passes
