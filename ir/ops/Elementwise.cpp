// Type inference and folds of the elementwise family.
#include "ir/Infer.h"

#include "mlir/IR/Matchers.h"

namespace quern::ir {
namespace {

using Location = std::optional<mlir::Location>;
using Types = llvm::SmallVectorImpl<mlir::Type>;

/// (E1): the operands' shapes broadcast together.
mlir::LogicalResult inferElementwise(Location loc, mlir::ValueRange operands, mlir::Type element,
                                     Types &inferred) {
  llvm::SmallVector<int64_t> shape;
  for (mlir::Value operand : operands) {
    std::optional<llvm::SmallVector<int64_t>> joined =
        broadcastShapes(shape, tensorType(operand).getShape());
    if (!joined)
      return mlir::emitOptionalError(loc, "E1: shapes ", shapeText(shape), " and ",
                                     shapeText(tensorType(operand).getShape()),
                                     " do not broadcast together");
    shape = *joined;
  }
  inferred.push_back(mlir::RankedTensorType::get(shape, element));
  return mlir::success();
}

/// (E2): two operands have one element type.
mlir::LogicalResult checkElements(Location loc, mlir::Value lhs, mlir::Value rhs) {
  mlir::Type a = tensorType(lhs).getElementType(), b = tensorType(rhs).getElementType();
  if (a != b)
    return mlir::emitOptionalError(loc, "E2: operands have element types ", a, " and ", b);
  return mlir::success();
}

mlir::LogicalResult inferBinary(Location loc, mlir::Value lhs, mlir::Value rhs, Types &inferred) {
  if (mlir::failed(checkElements(loc, lhs, rhs)))
    return mlir::failure();
  return inferElementwise(loc, {lhs, rhs}, tensorType(lhs).getElementType(), inferred);
}

/// Whether `attr` is a constant whose every element is `number`.
bool isSplat(mlir::Attribute attr, double number) {
  auto elements = llvm::dyn_cast_or_null<mlir::DenseElementsAttr>(attr);
  if (!elements || !elements.isSplat())
    return false;
  if (llvm::isa<mlir::FloatType>(elements.getElementType()))
    return elements.getSplatValue<llvm::APFloat>().isExactlyValue(number);
  return elements.getSplatValue<llvm::APInt>().getSExtValue() == static_cast<int64_t>(number);
}

/// `kept` where the other operand is the op's identity and does not widen the result.
mlir::OpFoldResult foldIdentity(mlir::Operation *op, mlir::Value kept, mlir::Attribute other,
                                double identity) {
  if (isSplat(other, identity) && kept.getType() == op->getResult(0).getType())
    return kept;
  return {};
}

} // namespace

#define QUERN_INFER_UNARY(Op)                                                                      \
  mlir::LogicalResult Op::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,     \
                                           Types &inferred) {                                      \
    return inferElementwise(loc, adaptor.getInput(),                                               \
                            tensorType(adaptor.getInput()).getElementType(), inferred);            \
  }
QUERN_INFER_UNARY(NegOp)
QUERN_INFER_UNARY(AbsOp)
QUERN_INFER_UNARY(ReluOp)
QUERN_INFER_UNARY(NotOp)
QUERN_INFER_UNARY(ExpOp)
QUERN_INFER_UNARY(LogOp)
QUERN_INFER_UNARY(SqrtOp)
QUERN_INFER_UNARY(RsqrtOp)
QUERN_INFER_UNARY(TanhOp)
QUERN_INFER_UNARY(SigmoidOp)
QUERN_INFER_UNARY(ErfOp)
QUERN_INFER_UNARY(SinOp)
QUERN_INFER_UNARY(CosOp)
QUERN_INFER_UNARY(FloorOp)
QUERN_INFER_UNARY(CeilOp)
QUERN_INFER_UNARY(RoundOp)
#undef QUERN_INFER_UNARY

#define QUERN_INFER_BINARY(Op)                                                                     \
  mlir::LogicalResult Op::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,     \
                                           Types &inferred) {                                      \
    return inferBinary(loc, adaptor.getLhs(), adaptor.getRhs(), inferred);                         \
  }
QUERN_INFER_BINARY(AddOp)
QUERN_INFER_BINARY(SubOp)
QUERN_INFER_BINARY(MulOp)
QUERN_INFER_BINARY(DivOp)
QUERN_INFER_BINARY(MaxOp)
QUERN_INFER_BINARY(MinOp)
QUERN_INFER_BINARY(PowOp)
QUERN_INFER_BINARY(AndOp)
QUERN_INFER_BINARY(OrOp)
#undef QUERN_INFER_BINARY

mlir::LogicalResult CmpOp::inferReturnTypes(mlir::MLIRContext *context, Location loc,
                                            Adaptor adaptor, Types &inferred) {
  if (mlir::failed(checkElements(loc, adaptor.getLhs(), adaptor.getRhs())))
    return mlir::failure();
  return inferElementwise(loc, adaptor.getOperands(), mlir::IntegerType::get(context, 1), inferred);
}

mlir::LogicalResult SelectOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                               Types &inferred) {
  if (mlir::failed(checkElements(loc, adaptor.getOnTrue(), adaptor.getOnFalse())))
    return mlir::failure();
  return inferElementwise(loc, adaptor.getOperands(),
                          tensorType(adaptor.getOnTrue()).getElementType(), inferred);
}

mlir::LogicalResult CastOp::inferReturnTypes(mlir::MLIRContext *, Location loc, Adaptor adaptor,
                                             Types &inferred) {
  return inferElementwise(loc, adaptor.getInput(), adaptor.getTo(), inferred);
}

mlir::OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  return foldIdentity(*this, getLhs(), adaptor.getRhs(), 0.0);
}
mlir::OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  return foldIdentity(*this, getLhs(), adaptor.getRhs(), 0.0);
}
mlir::OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  return foldIdentity(*this, getLhs(), adaptor.getRhs(), 1.0);
}
mlir::OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  return foldIdentity(*this, getLhs(), adaptor.getRhs(), 1.0);
}
mlir::OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : mlir::Value();
}

} // namespace quern::ir
