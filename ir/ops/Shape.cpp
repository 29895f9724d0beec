// Type inference and folds of the ops that only move elements.
#include "ir/Infer.h"
#include "ir/Layout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/Support/MathExtras.h"

namespace quern::ir {
namespace {

using Location = std::optional<mlir::Location>;
using Types = llvm::SmallVectorImpl<mlir::Type>;

mlir::LogicalResult result(mlir::Value like, llvm::ArrayRef<int64_t> shape, Types &inferred) {
  inferred.push_back(mlir::RankedTensorType::get(shape, tensorType(like).getElementType()));
  return mlir::success();
}

/// The input where the op changes neither shape nor layout.
template <typename Op> mlir::OpFoldResult foldToInput(Op op, bool movesNothing) {
  if (movesNothing && op.getInput().getType() == op.getType())
    return op.getInput();
  return {};
}

bool allAre(llvm::ArrayRef<int64_t> values, int64_t number) {
  return llvm::all_of(values, [&](int64_t value) { return value == number; });
}

} // namespace

mlir::LogicalResult ReshapeOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                                Types &inferred) {
  int64_t elements = 1;
  for (int64_t extent : adaptor.getShape()) {
    if (extent < 1)
      return mlir::emitOptionalError(loc, "H1: extents must be at least 1, not ", extent);
    if (llvm::MulOverflow(elements, extent, elements))
      return mlir::emitOptionalError(loc, "H1: ", shapeText(adaptor.getShape()),
                                     " has more elements than can be counted");
  }
  mlir::RankedTensorType input = tensorType(adaptor.getInput());
  if (elements != input.getNumElements())
    return mlir::emitOptionalError(loc, "H1: ", shapeText(input.getShape()), " has ",
                                   input.getNumElements(), " elements, ",
                                   shapeText(adaptor.getShape()), " has ", elements);
  return result(adaptor.getInput(), adaptor.getShape(), inferred);
}

mlir::OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (auto inner = getInput().getDefiningOp<ReshapeOp>();
      inner && inner.getType() == rowMajor(inner.getType())) {
    setOperand(inner.getInput());
    return getResult();
  }
  return foldToInput(*this, true);
}

mlir::LogicalResult TransposeOp::inferReturnTypes(mlir::MLIRContext *, Location loc,
                                                  Adaptor adaptor, Types &inferred) {
  llvm::ArrayRef<int64_t> shape = tensorType(adaptor.getInput()).getShape();
  llvm::ArrayRef<int64_t> permutation = adaptor.getPermutation();
  llvm::SmallBitVector seen(shape.size());
  llvm::SmallVector<int64_t> permuted;
  for (int64_t axis : permutation) {
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()) || seen.test(axis))
      break;
    seen.set(axis);
    permuted.push_back(shape[axis]);
  }
  if (permuted.size() != shape.size() || permutation.size() != shape.size())
    return mlir::emitOptionalError(loc, "H2: not a permutation of the input's ", shape.size(),
                                   " axes");
  return result(adaptor.getInput(), permuted, inferred);
}

mlir::OpFoldResult TransposeOp::fold(FoldAdaptor) {
  return foldToInput(*this, llvm::is_sorted(getPermutation()));
}

mlir::LogicalResult BroadcastOp::inferReturnTypes(mlir::MLIRContext *, Location loc,
                                                  Adaptor adaptor, Types &inferred) {
  llvm::ArrayRef<int64_t> from = tensorType(adaptor.getInput()).getShape(), to = adaptor.getShape();
  std::optional<llvm::SmallVector<int64_t>> joined = broadcastShapes(from, to);
  if (!joined || llvm::ArrayRef<int64_t>(*joined) != to)
    return mlir::emitOptionalError(loc, "H3: ", shapeText(from), " does not broadcast to ",
                                   shapeText(to));
  return result(adaptor.getInput(), to, inferred);
}

mlir::OpFoldResult BroadcastOp::fold(FoldAdaptor) { return foldToInput(*this, true); }

mlir::LogicalResult SliceOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                              Types &inferred) {
  llvm::ArrayRef<int64_t> shape = tensorType(adaptor.getInput()).getShape();
  for (llvm::ArrayRef<int64_t> list :
       {adaptor.getStarts(), adaptor.getSizes(), adaptor.getStrides()})
    if (list.size() != shape.size())
      return mlir::emitOptionalError(loc, "H4: an input of rank ", shape.size(), " with ",
                                     list.size(), " entries");
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t start = adaptor.getStarts()[i], size = adaptor.getSizes()[i];
    int64_t stride = adaptor.getStrides()[i];
    if (size < 1 || stride < 1)
      return mlir::emitOptionalError(loc, "H5: sizes and strides must be at least 1");
    int64_t last = 0;
    if (llvm::MulOverflow(size - 1, stride, last) || llvm::AddOverflow(start, last, last))
      last = std::numeric_limits<int64_t>::max();
    if (start < 0 || last >= shape[i])
      return mlir::emitOptionalError(loc, "H6: elements ", start, " to ", last, " of axis ", i,
                                     ", which has extent ", shape[i]);
  }
  return result(adaptor.getInput(), adaptor.getSizes(), inferred);
}

/// The padding where a slice takes nothing else: what a shift leaves of an axis that is no longer
/// than its distance.
static mlir::OpFoldResult foldToPadding(SliceOp slice) {
  auto pad = slice.getInput().getDefiningOp<PadOp>();
  mlir::RankedTensorType type = tensorType(slice.getResult());
  if (!pad || type.getEncoding())
    return {};
  for (auto [axis, extent] : llvm::enumerate(tensorType(pad.getInput()).getShape())) {
    int64_t first = slice.getStarts()[axis] - pad.getLow()[axis];
    int64_t last = first + (slice.getSizes()[axis] - 1) * slice.getStrides()[axis];
    if (last >= 0 && first < extent)
      continue;
    double value = pad.getValue().convertToDouble();
    mlir::Type element = type.getElementType();
    if (llvm::isa<mlir::FloatType>(element))
      return mlir::SplatElementsAttr::get(type, mlir::FloatAttr::get(element, value));
    return mlir::SplatElementsAttr::get(
        type, mlir::IntegerAttr::get(element, static_cast<int64_t>(value)));
  }
  return {};
}

mlir::OpFoldResult SliceOp::fold(FoldAdaptor) {
  if (mlir::OpFoldResult padding = foldToPadding(*this))
    return padding;
  return foldToInput(*this, allAre(getStarts(), 0) && allAre(getStrides(), 1));
}

mlir::LogicalResult ConcatOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                               Types &inferred) {
  if (adaptor.getInputs().empty())
    return mlir::emitOptionalError(loc, "H7: concat needs an operand");
  mlir::RankedTensorType first = tensorType(adaptor.getInputs().front());
  int64_t axis = static_cast<int64_t>(adaptor.getAxis());
  if (axis < 0 || axis >= first.getRank())
    return mlir::emitOptionalError(loc, "H9: axis ", axis, " is not within 0..", first.getRank());
  llvm::SmallVector<int64_t> shape(first.getShape());
  for (mlir::Value operand : adaptor.getInputs().drop_front()) {
    mlir::RankedTensorType type = tensorType(operand);
    llvm::SmallVector<int64_t> expected(type.getShape());
    if (type.getRank() == first.getRank())
      expected[axis] = first.getDimSize(axis);
    if (llvm::ArrayRef<int64_t>(expected) != first.getShape() ||
        type.getElementType() != first.getElementType())
      return mlir::emitOptionalError(loc, "H8: cannot join ", first, " and ", type, " along axis ",
                                     axis);
    shape[axis] += type.getDimSize(axis);
  }
  return result(adaptor.getInputs().front(), shape, inferred);
}

mlir::OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1 && getInputs().front().getType() == getType())
    return getInputs().front();
  return {};
}

mlir::LogicalResult PadOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                            Types &inferred) {
  llvm::ArrayRef<int64_t> shape = tensorType(adaptor.getInput()).getShape();
  llvm::ArrayRef<int64_t> low = adaptor.getLow(), high = adaptor.getHigh();
  if (low.size() != shape.size() || high.size() != shape.size())
    return mlir::emitOptionalError(loc, "H10: an input of rank ", shape.size(), " with ",
                                   low.size(), " and ", high.size(), " entries");
  llvm::SmallVector<int64_t> padded;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (low[i] < 0 || high[i] < 0)
      return mlir::emitOptionalError(loc, "H11: padding must be at least 0");
    if (std::max(low[i], high[i]) > largestWindowEntry)
      return mlir::emitOptionalError(loc, "H11: padding must be at most ", largestWindowEntry);
    padded.push_back(low[i] + shape[i] + high[i]);
  }
  return result(adaptor.getInput(), padded, inferred);
}

mlir::OpFoldResult PadOp::fold(FoldAdaptor) {
  return foldToInput(*this, allAre(getLow(), 0) && allAre(getHigh(), 0));
}

mlir::LogicalResult GatherOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                               Types &inferred) {
  llvm::ArrayRef<int64_t> shape = tensorType(adaptor.getInput()).getShape();
  int64_t axis = static_cast<int64_t>(adaptor.getAxis());
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return mlir::emitOptionalError(loc, "H12: axis ", axis, " is not within 0..", shape.size());
  llvm::SmallVector<int64_t> gathered(shape.take_front(axis));
  llvm::append_range(gathered, tensorType(adaptor.getIndices()).getShape());
  llvm::append_range(gathered, shape.drop_front(axis + 1));
  return result(adaptor.getInput(), gathered, inferred);
}

mlir::LogicalResult IotaOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                             Types &inferred) {
  int64_t axis = static_cast<int64_t>(adaptor.getAxis());
  int64_t rank = static_cast<int64_t>(adaptor.getShape().size());
  if (axis < 0 || axis >= rank)
    return mlir::emitOptionalError(loc, "H14: axis ", axis, " is not within 0..", rank);
  if (llvm::any_of(adaptor.getShape(), [](int64_t extent) { return extent < 1; }))
    return mlir::emitOptionalError(loc, "H15: extents must be at least 1");
  inferred.push_back(mlir::RankedTensorType::get(adaptor.getShape(), adaptor.getElement()));
  return mlir::success();
}

} // namespace quern::ir
