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
      (C6) the dilated kernel fits into the padded input along every axis;
      (C7) with `filter`, the weight is what quern.filter_transform makes of a filter of that shape
           [O, C / groups, kernel...] for this op's strides, groups, paddings and algorithm, and it has
           its shape;
      (C8) `taps`, of a masked kernel, is at least 1 and at most the product of the kernel's extents:
           the weight is zero at all taps but the first so many, in row-major order.
  }];
  let arguments = (ins Quern_FloatTensor:$input, Quern_FloatTensor:$weight,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pad_low,
    DenseI64ArrayAttr:$pad_high, I64Attr:$groups,
    OptionalAttr<Quern_ConvAttr>:$algorithm, OptionalAttr<DenseI64ArrayAttr>:$filter,
    OptionalAttr<I64Attr>:$taps);
  let assemblyFormat = [{
    $input `,` $weight `strides` $strides `dilations` $dilations `pad` $pad_low $pad_high `groups` $groups
    (`by` $algorithm^)? (`filter` $filter^)? (`taps` $taps^)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// Number of spatial axes, 1 to 3.
    int64_t getSpatialRank() { return getStrides().size(); }
    /// Every group has one input channel.
    bool isDepthwise();
    /// All kernel extents are 1.
    bool isPointwise();
    /// [O, C / groups, kernel...], also where the weight is a transformed one.
    llvm::ArrayRef<int64_t> getFilterShape();
    /// [kernel...].
    llvm::ArrayRef<int64_t> getKernel() { return getFilterShape().drop_front(2); }
    /// The chosen algorithm; direct where none is.
    ConvAlgorithm algorithmOrDirect();
    /// Taps of the kernel that may be other than zero: the first so many, in row-major order.
    int64_t liveTaps();
  }];
}

def Quern_FilterTransformOp : Quern_InferredOp<"filter_transform", []> {
  let summary = "the filter of a convolution, transformed for an algorithm";
  let description = [{
    Winograd (Cook-Toom): G w along every spatial axis, as [products, O, C / groups * phases], where a
    filter of stride s is first split into its s phases along each axis, which become further input
    channels. FFT: the spectrum, as [frequencies, O, C / groups * phases, 2], frequencies in the order of
    ir/conv/FftPasses.h, of taps that begin `lead` samples before the first, which wraps round; phases
    as above where an output sums several spectra (ir/conv/UnitStride.h), else one. Strassen: the factors of the seven products of each level of blocks, as
    [7^levels, O', C', taps], where O' and C' are ceil(O / 2^levels), rounded up to 16, and
    ceil(C / 2^levels), with zeros beyond O and C. Separable: the filters without the factor that all
    of an input channel share, and behind them that factor, as [O + groups, C / groups, the more taps
    of a factor]; with a third entry of the tile, the factors by way of so many channels of each group, in one row
    as ir/conv/LowRankFilter.h has them. Computed in double precision, rounded once. Constraints:

      (W1) the filter is [O, C / groups, kernel...] of rank 3 to 5;
      (W2) the algorithm transforms filters, and its tile has an entry for each spatial axis, that of
           strassen one entry, that of separable perhaps one more;
      (W3) strides and dilations have an entry for each spatial axis;
      (W4) a transform of the fft has no prime factor above 13 and holds the dilated filter; winograd
           needs at most 12 products along an axis;
      (W5) strassen takes one group and up to 3 levels;
      (W6) separable takes two or three spatial axes and groups that divide O, and its tile is the
           kernel's extent along one of two axes or the outermost of three, and 1 along the others;
      (W7) `lead`, which only fft takes, has an entry for each spatial axis, from 0 to less than the
           transform's samples.
  }];
  let arguments = (ins Quern_FloatTensor:$filter, Quern_ConvAttr:$algorithm,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DefaultValuedAttr<I64Attr, "1">:$groups,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$lead);
  let assemblyFormat = "$filter `for` $algorithm `strides` $strides `dilations` $dilations (`groups` $groups^)? (`lead` $lead^)? attr-dict `:` functional-type(operands, results)";
}

#endif
