//===- Resize.td - Interpolation -----------------------------------------------------------------------------===//
#ifndef QUERN_IR_OPS_RESIZE_TD
#define QUERN_IR_OPS_RESIZE_TD

include "ir/Attrs.td"

def Quern_ResizeOp : Quern_ArithmeticOp<"resize"> {
  let summary = "interpolates the trailing spatial axes to `sizes`";
  let description = [{
    Source coordinate of result index i, with scale = in / out (ONNX Resize's names):
    half_pixel (i + 0.5) * scale - 0.5; align_corners i * (in - 1) / (out - 1), 0 if out is 1;
    asymmetric i * scale. `nearest` takes the element at the coordinate rounded half down, except
    `asymmetric` which rounds down. `cubic` is cubic convolution with a = -0.75, or -0.5 if `antialias` is set (PIL). `antialias`
    widens the filter by the scale when shrinking and normalises over the part inside. Outside
    elements repeat the border otherwise.
    Constraints: (Z1) rank at least 3, `sizes` one entry for each axis after the second;
    (Z2) sizes at least 1; (Z3) antialias only with linear or cubic and half_pixel.
  }];
  let arguments = (ins Quern_FloatTensor:$input, DenseI64ArrayAttr:$sizes,
    Quern_ResizeModeAttr:$mode, Quern_ResizeCoordinatesAttr:$coordinates,
    DefaultValuedAttr<BoolAttr, "false">:$antialias);
  let assemblyFormat = [{
    $mode $coordinates $input `to` $sizes (`antialias` $antialias^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif
