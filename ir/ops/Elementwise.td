//===- Elementwise.td - Arithmetic and functions, element by element --------------------------------===//
#ifndef QUERN_IR_OPS_ELEMENTWISE_TD
#define QUERN_IR_OPS_ELEMENTWISE_TD

include "ir/Attrs.td"

/// Operands broadcast as numpy's do: aligned at the last axis, an extent of 1 stretches.
/// Constraints (each op of this file):
///   (E1) the operands' shapes broadcast together; the result has that shape;
///   (E2) operands have one element type (cast and select's condition aside).
class Quern_Elementwise<string mnemonic, list<Trait> traits = []>
    : Quern_PureOp<mnemonic, !listconcat([Quern_ElementwiseTrait], traits)>;

class Quern_Unary<string mnemonic, string doc, list<Trait> traits = []>
    : Quern_Elementwise<mnemonic, traits> {
  let summary = doc;
  let arguments = (ins Quern_Tensor:$input);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

class Quern_FloatUnary<string mnemonic, string doc> : Quern_Unary<mnemonic, doc> {
  let arguments = (ins Quern_FloatTensor:$input);
}

class Quern_Binary<string mnemonic, string doc, list<Trait> traits = []>
    : Quern_Elementwise<mnemonic, traits> {
  let summary = doc;
  let arguments = (ins Quern_Tensor:$lhs, Quern_Tensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Quern_NegOp : Quern_Unary<"neg", "-x">;
def Quern_AbsOp : Quern_Unary<"abs", "|x|">;
def Quern_ReluOp : Quern_Unary<"relu", "max(x, 0); NaN stays NaN">;
def Quern_NotOp : Quern_Unary<"not", "logical negation"> {
  let arguments = (ins Quern_BoolTensor:$input);
}
def Quern_ExpOp : Quern_FloatUnary<"exp", "e^x">;
def Quern_LogOp : Quern_FloatUnary<"log", "natural logarithm">;
def Quern_SqrtOp : Quern_FloatUnary<"sqrt", "square root">;
def Quern_RsqrtOp : Quern_FloatUnary<"rsqrt", "1 / sqrt(x)">;
def Quern_TanhOp : Quern_FloatUnary<"tanh", "hyperbolic tangent">;
def Quern_SigmoidOp : Quern_FloatUnary<"sigmoid", "1 / (1 + e^-x)">;
def Quern_ErfOp : Quern_FloatUnary<"erf", "error function">;
def Quern_SinOp : Quern_FloatUnary<"sin", "sine, x in radians">;
def Quern_CosOp : Quern_FloatUnary<"cos", "cosine, x in radians">;
def Quern_FloorOp : Quern_FloatUnary<"floor", "largest integer not above x">;
def Quern_CeilOp : Quern_FloatUnary<"ceil", "smallest integer not below x">;
def Quern_RoundOp : Quern_FloatUnary<"round", "nearest integer, ties to even">;

def Quern_AddOp : Quern_Binary<"add", "x + y", [Commutative]> { let hasFolder = 1; }
def Quern_SubOp : Quern_Binary<"sub", "x - y"> { let hasFolder = 1; }
def Quern_MulOp : Quern_Binary<"mul", "x * y", [Commutative]> { let hasFolder = 1; }
def Quern_DivOp : Quern_Binary<"div", "x / y; integers round towards zero"> { let hasFolder = 1; }
def Quern_MaxOp : Quern_Binary<"max", "the larger; NaN if either is", [Commutative]>;
def Quern_MinOp : Quern_Binary<"min", "the smaller; NaN if either is", [Commutative]>;
def Quern_PowOp : Quern_Binary<"pow", "x to the y">;
def Quern_AndOp : Quern_Binary<"and", "logical and", [Commutative]> {
  let arguments = (ins Quern_BoolTensor:$lhs, Quern_BoolTensor:$rhs);
}
def Quern_OrOp : Quern_Binary<"or", "logical or", [Commutative]> {
  let arguments = (ins Quern_BoolTensor:$lhs, Quern_BoolTensor:$rhs);
}

def Quern_CmpOp : Quern_Elementwise<"cmp"> {
  let summary = "comparison, element by element; a bool result";
  let arguments = (ins Quern_Tensor:$lhs, Quern_Tensor:$rhs, Quern_CmpPredicateAttr:$predicate);
  let assemblyFormat = "$predicate $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Quern_SelectOp : Quern_Elementwise<"select"> {
  let summary = "condition ? on_true : on_false, element by element";
  let arguments = (ins Quern_BoolTensor:$condition, Quern_Tensor:$on_true, Quern_Tensor:$on_false);
  let assemblyFormat =
      "$condition `,` $on_true `,` $on_false attr-dict `:` functional-type(operands, results)";
}

def Quern_CastOp : Quern_Elementwise<"cast"> {
  let summary = "conversion to another element type";
  let description = [{
    Float to integer truncates towards zero; to bool it is `x != 0`; integers wrap; between floats it
    rounds to nearest even.
  }];
  let arguments = (ins Quern_Tensor:$input, TypeAttr:$to);
  let assemblyFormat = "$input `to` $to attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

#endif
