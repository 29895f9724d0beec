//===- Reduce.td - Reductions over whole axes, and softmax ------------------------------------------------===//
#ifndef QUERN_IR_OPS_REDUCE_TD
#define QUERN_IR_OPS_REDUCE_TD

include "ir/Attrs.td"

def Quern_ReduceOp : Quern_ArithmeticOp<"reduce"> {
  let summary = "reduction over whole axes";
  let description = [{
    Constraints:
      (R1) axes are in range, ascending, without repetition, at least one;
      (R2) mean needs a floating-point element type;
      (R3) max and min need a non-empty extent (all extents are at least 1).
    The result lacks the reduced axes, or has them with extent 1 if `keep_axes` is set.
  }];
  let arguments = (ins Quern_Tensor:$input, Quern_ReduceKindAttr:$kind, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_axes);
  let assemblyFormat = [{
    $kind $input `over` $axes (`keep` $keep_axes^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Quern_SoftmaxOp : Quern_ArithmeticOp<"softmax"> {
  let summary = "exp(x - max) / sum(exp(x - max)) along one axis";
  let description = "Constraint (S1): axis is in range.";
  let arguments = (ins Quern_FloatTensor:$input, I64Attr:$axis);
  let assemblyFormat = "$input `over` $axis attr-dict `:` functional-type(operands, results)";
}

#endif
