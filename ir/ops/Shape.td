//===- Shape.td - Ops that move elements and compute nothing -------------------------------------------------===//
#ifndef QUERN_IR_OPS_SHAPE_TD
#define QUERN_IR_OPS_SHAPE_TD

include "ir/Attrs.td"

def Quern_ReshapeOp : Quern_PureOp<"reshape"> {
  let summary = "the same elements in logical row-major order under another shape";
  let description = "Constraint (H1): both shapes have the same number of elements.";
  let arguments = (ins Quern_Tensor:$input, DenseI64ArrayAttr:$shape);
  let assemblyFormat = "$input `to` $shape attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Quern_TransposeOp : Quern_PureOp<"transpose"> {
  let summary = "permutes axes: result axis i is input axis permutation[i]";
  let description = "Constraint (H2): permutation is one of the input's axes.";
  let arguments = (ins Quern_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let assemblyFormat = "$input `by` $permutation attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Quern_BroadcastOp : Quern_PureOp<"broadcast"> {
  let summary = "stretches axes of extent 1, and adds leading axes, as numpy's broadcast_to";
  let description = "Constraint (H3): the input's shape broadcasts to `shape`.";
  let arguments = (ins Quern_Tensor:$input, DenseI64ArrayAttr:$shape);
  let assemblyFormat = "$input `to` $shape attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Quern_SliceOp : Quern_PureOp<"slice"> {
  let summary = "result[i] = input[starts + i * strides], `sizes` elements along each axis";
  let description = [{
    Constraints: (H4) one entry for each axis; (H5) sizes and strides at least 1;
    (H6) 0 <= start and start + (size - 1) * stride < extent.
  }];
  let arguments = (ins Quern_Tensor:$input, DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$sizes,
                       DenseI64ArrayAttr:$strides);
  let assemblyFormat = [{
    $input `from` $starts `sizes` $sizes `strides` $strides attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def Quern_ConcatOp : Quern_PureOp<"concat"> {
  let summary = "joins operands along one axis";
  let description = [{
    Constraints: (H7) at least one operand; (H8) one rank and element type, equal extents on the
    other axes; (H9) axis in range.
  }];
  let arguments = (ins Variadic<Quern_Tensor>:$inputs, I64Attr:$axis);
  let assemblyFormat = "$inputs `along` $axis attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Quern_PadOp : Quern_PureOp<"pad"> {
  let summary = "surrounds the input with a constant";
  let description = "Constraints: (H10) one entry for each axis; (H11) entries at least 0 and below 2^31.";
  let arguments = (ins Quern_Tensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       F64Attr:$value);
  let assemblyFormat = [{
    $input `low` $low `high` $high `with` $value attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def Quern_GatherOp : Quern_PureOp<"gather"> {
  let summary = "takes slices of `input` along `axis` at integer `indices` (numpy's take)";
  let description = [{
    The result's shape is the input's with `axis` replaced by the indices' shape. An index outside
    [0, extent) is clamped: memory is never read outside the input.
    Constraints: (H12) axis in range; (H13) indices are integers.
  }];
  let arguments = (ins Quern_Tensor:$input, StaticShapeTensorOf<[I32, I64]>:$indices, I64Attr:$axis);
  let assemblyFormat =
      "$input `at` $indices `along` $axis attr-dict `:` functional-type(operands, results)";
}

def Quern_IotaOp : Quern_PureOp<"iota"> {
  let summary = "result[i0, i1, ...] = i_axis";
  let description = "Constraints: (H14) axis in range; (H15) extents at least 1.";
  let arguments = (ins DenseI64ArrayAttr:$shape, I64Attr:$axis, TypeAttr:$element);
  let assemblyFormat = "$shape `along` $axis `of` $element attr-dict `:` functional-type(operands, results)";
}

#endif
