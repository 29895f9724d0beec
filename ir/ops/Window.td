//===- Window.td - Reductions over sliding windows (pooling) ---------------------------------------------===//
#ifndef QUERN_IR_OPS_WINDOW_TD
#define QUERN_IR_OPS_WINDOW_TD

include "ir/Attrs.td"

def Quern_WindowReduceOp : Quern_ArithmeticOp<"window_reduce"> {
  let summary = "reduction over a sliding window of the trailing spatial axes (pooling)";
  let description = [{
    `input` is [N, C, spatial...]. Padding contributes the identity of the kind (0 for sum, the lowest
    value for max, ...). `mean` divides by the number of elements under the window: padding counts
    only if `count_padding` is set. Extents as of conv.

    Constraints:
      (W1) the input has rank 3 to 5; window, strides, dilations, pad_low, pad_high have one entry
           for each spatial axis;
      (W2) window, strides and dilations are at least 1, paddings at least 0, all below 2^31;
      (W3) the dilated window fits into the padded input along every axis;
      (W4) no window lies wholly in padding: each padding is smaller than the dilated window;
      (W5) mean and prod need a floating-point element type.
  }];
  let arguments = (ins Quern_Tensor:$input, Quern_ReduceKindAttr:$kind, DenseI64ArrayAttr:$window,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pad_low,
    DenseI64ArrayAttr:$pad_high, DefaultValuedAttr<BoolAttr, "false">:$count_padding);
  let assemblyFormat = [{
    $kind $input `window` $window `strides` $strides `dilations` $dilations `pad` $pad_low $pad_high
    (`count_padding` $count_padding^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif
