//===- Conv.td - Convolution ----------------------------------------------------------------------------===//
#ifndef QUERN_IR_OPS_CONV_TD
#define QUERN_IR_OPS_CONV_TD

include "ir/Attrs.td"

def Quern_ConvOp : Quern_ArithmeticOp<"conv"> {
  let summary = "convolution (cross-correlation) over one to three spatial axes";
  let description = [{
    `input` is [N, C, spatial...], `weight` [O, C / groups, kernel...], the result
    [N, O, spatial...]. `groups` = C makes it depthwise. Padding is with zeros and may differ at the
    two ends of an axis. Result extent of a spatial axis:

      (in + pad_low + pad_high - dilation * (kernel - 1) - 1) / stride + 1, rounded down.

    Constraints:
      (C1) input and weight have one rank, 3 to 5, and one floating-point element type;
      (C2) strides, dilations, pad_low, pad_high have one entry for each spatial axis;
      (C3) strides and dilations are at least 1, paddings at least 0;
      (C4) groups is at least 1 and divides both C and O;
      (C5) the weight's second extent is C / groups;
      (C6) the dilated kernel fits into the padded input along every axis.
  }];
  let arguments = (ins Quern_FloatTensor:$input, Quern_FloatTensor:$weight,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pad_low,
    DenseI64ArrayAttr:$pad_high, I64Attr:$groups,
    OptionalAttr<Quern_ConvAlgorithmAttr>:$algorithm);
  let assemblyFormat = [{
    $input `,` $weight `strides` $strides `dilations` $dilations `pad` $pad_low $pad_high `groups` $groups
    (`by` $algorithm^)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// Number of spatial axes, 1 to 3.
    int64_t getSpatialRank() { return getStrides().size(); }
    /// Every group has one input channel.
    bool isDepthwise();
    /// All kernel extents are 1.
    bool isPointwise();
  }];
}

#endif
