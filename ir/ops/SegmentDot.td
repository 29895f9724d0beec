//===- SegmentDot.td - A convolution's window at one position --------------------------------------------===//
// Apart from the other ops: few files know it.
//===------------------------------------------------------------------------------------------------------===//
#ifndef QUERN_IR_OPS_SEGMENT_DOT_TD
#define QUERN_IR_OPS_SEGMENT_DOT_TD

include "ir/Quern.td"

def Quern_SegmentDotOp : Quern_ArithmeticOp<"segment_dot"> {
  let summary = "a row of segments times a matrix: the window of a convolution at one position";
  let description = [{
    Segment s is [positions, M, channels]: a stretch of memory for each of M rows. With the segments'
    positions and channels counted through as k,

      result[m, o, 0...] = sum over k of segments[k][m] * weight[k, o]

    in a tensor of rank `rank`, as the convolution's result at that position is. Taps that a mask
    removes are no part of any segment, so that they cost nothing.

    Constraints:
      (D1) at least one segment; each has rank 3 and the weight's floating-point element type;
      (D2) all segments have one M;
      (D3) the weight is [sum of positions * channels, O];
      (D4) the rank is at least 2.
  }];
  let arguments = (ins Variadic<Quern_FloatTensor>:$segments, Quern_FloatTensor:$weight,
                       I64Attr:$rank);
  let assemblyFormat = [{
    `(` $segments `)` `,` $weight `rank` $rank attr-dict `:` functional-type(operands, results)
  }];
}

#endif
