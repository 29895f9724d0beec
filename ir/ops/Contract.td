//===- Contract.td - Any einsum of two operands ------------------------------------------------------===//
#ifndef QUERN_IR_OPS_CONTRACT_TD
#define QUERN_IR_OPS_CONTRACT_TD

include "ir/Attrs.td"

def Quern_ContractOp : Quern_ArithmeticOp<"contract"> {
  let summary = "contraction: an einsum of two operands";
  let description = [{
    Every axis of an operand and of the result has an integer label. Axes with one label run
    together; a label that the result lacks is summed over.

    `quern.contract %a [0, 2], %b [2, 1] -> [0, 1]` is the matrix product.

    Constraints:
      (K1) one label for every axis of an operand;
      (K2) within one operand, and within the result, labels differ;
      (K3) axes with one label have one extent;
      (K4) every label of the result occurs in an operand;
      (K5) operands have one element type; the result has it too;
      (K6) with `filter`, the algorithm is one of Strassen's, and the right operand is what
           quern.filter_transform makes for it of a matrix [columns, depth, 1...], which `filter` is the
           shape of: its labels are those of columns and depth.
  }];
  let arguments = (ins Quern_Tensor:$lhs, Quern_Tensor:$rhs, DenseI64ArrayAttr:$lhs_axes,
                       DenseI64ArrayAttr:$rhs_axes, DenseI64ArrayAttr:$result_axes,
                       OptionalAttr<Quern_ConvAttr>:$algorithm, OptionalAttr<DenseI64ArrayAttr>:$filter);
  let builders = [
    OpBuilder<(ins "mlir::Value":$lhs, "mlir::Value":$rhs, "llvm::ArrayRef<int64_t>":$lhs_axes,
                   "llvm::ArrayRef<int64_t>":$rhs_axes, "llvm::ArrayRef<int64_t>":$result_axes),
      [{ build($_builder, $_state, lhs, rhs, lhs_axes, rhs_axes, result_axes, nullptr, nullptr); }]>,
    OpBuilder<(ins "mlir::Type":$result, "mlir::Value":$lhs, "mlir::Value":$rhs,
                   "llvm::ArrayRef<int64_t>":$lhs_axes, "llvm::ArrayRef<int64_t>":$rhs_axes,
                   "llvm::ArrayRef<int64_t>":$result_axes),
      [{ build($_builder, $_state, result, lhs, rhs, lhs_axes, rhs_axes, result_axes, nullptr, nullptr); }]>];
  let assemblyFormat = [{
    $lhs $lhs_axes `,` $rhs $rhs_axes `->` $result_axes (`by` $algorithm^)? (`filter` $filter^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// The extents of the right operand's labels, also where it is a transformed one.
    llvm::ArrayRef<int64_t> getRhsShape();
  }];
}

#endif
