//===- Attention.td - Scaled dot-product attention -------------------------------------------------------===//
#ifndef QUERN_IR_OPS_ATTENTION_TD
#define QUERN_IR_OPS_ATTENTION_TD

include "ir/Attrs.td"

def Quern_AttentionOp : Quern_ArithmeticOp<"attention"> {
  let summary = "softmax(scale * query key^T, where the mask admits it) value";
  let description = [{
    `query` is [N, heads, I, D], `key` [N, heads, J, D], `value` [N, heads, J, E], the result
    [N, heads, I, E] (Vaswani et al. 2017, section 3.2.1). `mask` [I, J] says which keys a query may
    see; a query that may see none gives zeros.

    Constraints:
      (A1) query, key and value have rank 4, one floating-point element type and equal N and heads;
      (A2) query and key have one D, key and value one J;
      (A3) the mask is [I, J];
      (A4) scale is finite.
  }];
  let arguments = (ins Quern_FloatTensor:$query, Quern_FloatTensor:$key, Quern_FloatTensor:$value,
                       Optional<Quern_BoolTensor>:$mask, F64Attr:$scale);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` $mask^)? `scale` $scale attr-dict `:`
    functional-type(operands, results)
  }];
}

#endif
