//===- Structure.td - Constants, parameters, and the grouping of ops into kernels -----------------------------===//
#ifndef QUERN_IR_OPS_STRUCTURE_TD
#define QUERN_IR_OPS_STRUCTURE_TD

include "ir/Attrs.td"

def Quern_ConstantOp : Quern_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a tensor known to the compiler, usually a scalar";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Quern_ParameterOp : Quern_Op<"parameter", [Pure]> {
  let summary = "a tensor of the weights file, by its key";
  let arguments = (ins StrAttr:$key);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "$key attr-dict `:` type($result)";
}

def Quern_FusedOp : Quern_Op<"fused", [IsolatedFromAbove, SingleBlock, Pure]> {
  let summary = "ops that become one kernel";
  let description = [{
    The operands are the block's arguments, in order; `quern.yield` ends it.
    Constraints: (F1) one block argument of equal type for each operand; (F2) the yielded types are
    the results'.
  }];
  let arguments = (ins Variadic<Quern_Tensor>:$inputs);
  let results = (outs Variadic<Quern_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Quern_YieldOp : Quern_Op<"yield", [Pure, Terminator, ReturnLike, ParentOneOf<["FusedOp", "ScanOp"]>]> {
  let summary = "ends the body of a fused op or of a scan";
  let arguments = (ins Variadic<Quern_Tensor>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Quern_LaunchOp : Quern_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel function";
  let description = [{
    `kernel` names a private func.func marked `quern.kernel`. `offsets`, once plan-memory has run,
    is the byte offset of each result in the arena; -1 for a result that is a model output.
    Constraints: (L1) the kernel exists and is marked; (L2) operand and result types are its own;
    (L3) offsets, if present, has one entry for each result.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Quern_Tensor>:$inputs,
                       OptionalAttr<DenseI64ArrayAttr>:$offsets);
  let results = (outs Variadic<Quern_Tensor>:$outputs);
  let assemblyFormat = [{
    $kernel `(` $inputs `)` (`at` $offsets^)? attr-dict `:` functional-type($inputs, $outputs)
  }];
}

#endif
