//===- Scan.td - The run-time loop: a cell along an axis --------------------------------------------------===//
#ifndef QUERN_IR_OPS_SCAN_TD
#define QUERN_IR_OPS_SCAN_TD

include "ir/Attrs.td"

def Quern_ScanOp : Quern_Op<"scan", [IsolatedFromAbove, SingleBlock, Pure, AttrSizedOperandSegments]> {
  let summary = "applies a cell step by step along an axis (recurrent networks)";
  let description = [{
    At step t the body takes element t of every sequence (the sequence without axis `axes[i]`), the
    carried values, which are `inits` at first, and the invariants; it yields the carried values of
    the next step. Result i is the sequence of all yielded values i, along its new axis
    `result_axes[i]`. Parameters may be read inside the body.

    Constraints:
      (N1) at least one sequence and one carried value; `axes` has an axis in range for each
           sequence, `result_axes` for each result;
      (N2) the sequences have one extent along their axes;
      (N3) the body's arguments are elements of the sequences, carried values and invariants, in
           this order, of their types;
      (N4) it yields the types of the inits;
      (N5) result i is init i with the number of steps inserted as axis `result_axes[i]`.
  }];
  let arguments = (ins Variadic<Quern_Tensor>:$sequences, Variadic<Quern_Tensor>:$inits,
                       Variadic<Quern_Tensor>:$invariants, DenseI64ArrayAttr:$axes,
                       DenseI64ArrayAttr:$result_axes);
  let results = (outs Variadic<Quern_Tensor>:$stacked);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $sequences `)` `along` $axes `carry` `(` $inits `)` `into` $result_axes
    (`with` `(` $invariants^ `:` type($invariants) `)`)? attr-dict-with-keyword `:`
    `(` type($sequences) `)` `(` type($inits) `)` `to` type($stacked) $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How often the body runs.
    int64_t getSteps() {
      auto type = ::llvm::cast<::mlir::RankedTensorType>(getSequences().front().getType());
      return type.getDimSize(getAxes().front());
    }
  }];
}

#endif
