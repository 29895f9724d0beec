//===- Attrs.td - Typed attributes: kinds, layouts, choices, adapters ------------------------------===//
#ifndef QUERN_IR_ATTRS_TD
#define QUERN_IR_ATTRS_TD

include "ir/Quern.td"

class Quern_Enum<string name, string doc, list<I32EnumAttrCase> cases> : I32EnumAttr<name, doc, cases> {
  let cppNamespace = "::quern::ir";
  let genSpecializedAttr = 0;
}

def Quern_CmpPredicate : Quern_Enum<"CmpPredicate", "how cmp compares", [
  I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
  I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]>;
def Quern_CmpPredicateAttr : EnumAttr<Quern_Dialect, Quern_CmpPredicate, "cmp">;

def Quern_ReduceKind : Quern_Enum<"ReduceKind", "how a reduction combines", [
  I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"mean", 1>, I32EnumAttrCase<"max", 2>,
  I32EnumAttrCase<"min", 3>, I32EnumAttrCase<"prod", 4>]>;
def Quern_ReduceKindAttr : EnumAttr<Quern_Dialect, Quern_ReduceKind, "reduce_kind">;

def Quern_ResizeMode : Quern_Enum<"ResizeMode", "the interpolation of resize", [
  I32EnumAttrCase<"nearest", 0>, I32EnumAttrCase<"linear", 1>, I32EnumAttrCase<"cubic", 2>]>;
def Quern_ResizeModeAttr : EnumAttr<Quern_Dialect, Quern_ResizeMode, "resize_mode">;

def Quern_ResizeCoordinates : Quern_Enum<"ResizeCoordinates",
  "which source coordinate a result index stands for (names as in ONNX Resize)", [
  I32EnumAttrCase<"half_pixel", 0>, I32EnumAttrCase<"align_corners", 1>,
  I32EnumAttrCase<"asymmetric", 2>]>;
def Quern_ResizeCoordinatesAttr
    : EnumAttr<Quern_Dialect, Quern_ResizeCoordinates, "resize_coordinates">;

class Quern_Attr<string name, string mnemonic_> : AttrDef<Quern_Dialect, name> {
  let mnemonic = mnemonic_;
}

def Quern_ConvAlgorithm : Quern_Enum<"ConvAlgorithm", "how a convolution is computed", [
  I32EnumAttrCase<"direct", 0>, I32EnumAttrCase<"im2col", 1>,
  I32EnumAttrCase<"implicit_im2col", 2>, I32EnumAttrCase<"winograd", 3>,
  I32EnumAttrCase<"fft", 4>, I32EnumAttrCase<"strassen", 5>,
  I32EnumAttrCase<"strassen_winograd", 6>, I32EnumAttrCase<"separable", 7>]>;

def Quern_ConvAttr : Quern_Attr<"Conv", "conv"> {
  let summary = "the algorithm of a convolution, and which variant of it";
  let description = [{
    `#quern.conv<direct>`, `#quern.conv<winograd, tile = [4, 4]>`. What `tile` counts is the
    algorithm's business: outputs of a tile along each spatial axis for winograd, the length of the
    transform along each spatial axis for fft, levels of recursion for strassen and strassen_winograd
    (the variant with fewer additions), for separable the extents of the shared factor, or of the
    first of two convolutions and the channels of each group between them; the others have none.
  }];
  let parameters = (ins EnumParameter<Quern_ConvAlgorithm>:$algorithm,
                        OptionalArrayRefParameter<"int64_t">:$tile);
  let assemblyFormat = "`<` $algorithm (`,` `tile` `=` `[` $tile^ `]`)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether the weights are transformed ahead (quern.filter_transform).
    bool transformsFilter() const;
    /// "winograd 4x4", "direct": for people, and for plan files.
    std::string text() const;
  }];
}

def Quern_LayoutAttr : Quern_Attr<"Layout", "layout"> {
  let summary = "order of a tensor's axes in memory, outermost first";
  let description = [{
    `#quern.layout<[0, 2, 3, 1]>` on a tensor of logical axes (N, C, H, W) stores it as N, H, W, C
    with C contiguous: `order` is a permutation of the axes. Row-major tensors carry no layout.

    `blocks` splits axes: the last entries of `order`, one for each block, name axes that came
    before; there they count within a block of so many elements, and before they count the blocks.
    `#quern.layout<[0, 2, 3, 1, 0], blocks = [16]>` stores convolution weights (O, I, H, W) as O / 16,
    H, W, I, O % 16. An axis that its block does not divide is padded with zeros.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$order,
                        OptionalArrayRefParameter<"int64_t">:$blocks);
  let assemblyFormat = "`<` `[` $order `]` (`,` `blocks` `=` `[` $blocks^ `]`)? `>`";
  let genVerifyDecl = 1;
}

def Quern_ScheduleKind : Quern_Enum<"ScheduleKind", "the family of loops a kernel is compiled to", [
  I32EnumAttrCase<"elementwise", 0>, I32EnumAttrCase<"transpose", 1>,
  I32EnumAttrCase<"direct_conv", 2>, I32EnumAttrCase<"depthwise_conv", 3>,
  I32EnumAttrCase<"grouped_conv", 4>, I32EnumAttrCase<"gemm", 5>, I32EnumAttrCase<"pooling", 6>,
  I32EnumAttrCase<"reduction", 7>, I32EnumAttrCase<"softmax", 8>, I32EnumAttrCase<"resize", 9>,
  I32EnumAttrCase<"device", 10>, I32EnumAttrCase<"im2col", 11>,
  I32EnumAttrCase<"winograd", 12>, I32EnumAttrCase<"fft", 13>,
  I32EnumAttrCase<"strassen", 14>, I32EnumAttrCase<"separable", 15>]>;

def Quern_ScheduleAttr : Quern_Attr<"Schedule", "schedule"> {
  let summary = "how a kernel is scheduled: a family and its numbers";
  let description = [{
    On a kernel function. `#quern.schedule<direct_conv, {tile_nv = 2, tile_mx = 14}>`: codegen writes
    what it chose; numbers set by hand before are obeyed, absent ones are chosen.
  }];
  let parameters = (ins EnumParameter<Quern_ScheduleKind>:$kind,
                        OptionalParameter<"::mlir::DictionaryAttr">:$numbers);
  let assemblyFormat = "`<` $kind (`,` $numbers^)? `>`";
}

def Quern_PhotoAttr : Quern_Attr<"Photo", "photo"> {
  let summary = "a model input that is made from a photograph";
  let description = [{
    On an argument of type f32[N, 3, crop, crop]: the photo's shorter side is resized to `resize`
    pixels (antialiased cubic convolution with a = -0.5), the centre `crop` x `crop` cut out, scaled to [0, 1],
    less `mean`, over `std`, channels RGB.
  }];
  let parameters = (ins "int64_t":$resize, "int64_t":$crop, "::mlir::DenseF64ArrayAttr":$mean,
                        "::mlir::DenseF64ArrayAttr":$std);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Quern_LabelsAttr : Quern_Attr<"Labels", "labels"> {
  let summary = "a model output that scores named classes; the `top` highest are reported";
  let parameters = (ins "int64_t":$top, "::mlir::ArrayAttr":$names);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Quern_CausalAttr : Quern_Attr<"Causal", "causal"> {
  let summary = "the order in which an input is generated, and what an output may read of it";
  let description = [{
    The contract of an autoregressive model, as `quern.causal` on its function:
    `#quern.causal<input = 0, input_axes = [2, 3], output = 0, output_axes = [2, 3], strict = true>`.

    A position is a tuple of coordinates along `input_axes` of argument `input`, outermost first. Its
    rank is its row-major number, or `order[number]` where an order is given (a permutation). An
    axis of the output may be m times as long as the input's: then m neighbours belong to one
    position (the parameters of a distribution, channel by channel).

    Element p of the output reads only elements of the input whose rank is below p's; or, unless
    `strict`, at most p's.
  }];
  let parameters = (ins "int64_t":$input, ArrayRefParameter<"int64_t">:$input_axes,
                        "int64_t":$output, ArrayRefParameter<"int64_t">:$output_axes,
                        "bool":$strict, OptionalArrayRefParameter<"int64_t">:$order);
  let assemblyFormat = [{
    `<` `input` `=` $input `,` `input_axes` `=` `[` $input_axes `]` `,` `output` `=` $output `,`
    `output_axes` `=` `[` $output_axes `]` `,` `strict` `=` $strict
    (`,` `order` `=` `[` $order^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
}

def Quern_DistributionKind : Quern_Enum<"DistributionKind", "a family of distributions", [
  I32EnumAttrCase<"categorical", 0>, I32EnumAttrCase<"bernoulli", 1>,
  I32EnumAttrCase<"logistic_mixture", 2>, I32EnumAttrCase<"gaussian_mixture", 3>]>;

def Quern_DistributionAttr : Quern_Attr<"Distribution", "distribution"> {
  let summary = "a model output that parametrises the distribution of the next element";
  let description = [{
    Axis `axis` of the output holds the parameters: `levels` logits (categorical); one logit
    (bernoulli); for a mixture of K `components` over one channel K logits, K means and K logarithms
    of the scale; over three channels, as PixelCNN++ (Salimans et al. 2017) has it, K logits, then
    for each channel K means, K log-scales and K coupling coefficients. Where the output has an
    ordered channel axis, each channel has a block of parameters of its own.

    A drawn level l of `levels` becomes the input element low + l (high - low) / (levels - 1), where
    `range` is [low, high]; an integer input takes l itself. `levels` = 0 is a continuous value.
  }];
  let parameters = (ins EnumParameter<Quern_DistributionKind>:$kind, "int64_t":$axis,
                        "int64_t":$levels, "int64_t":$components,
                        "::mlir::DenseF64ArrayAttr":$range);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif
