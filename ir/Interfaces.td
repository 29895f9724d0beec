//===- Interfaces.td - What passes ask of an op without knowing which it is ----------------------===//
#ifndef QUERN_IR_INTERFACES_TD
#define QUERN_IR_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Quern_CostInterface : OpInterface<"CostInterface"> {
  let cppNamespace = "::quern::ir";
  let description = "How much arithmetic an op stands for, for reports and for cost models.";
  let methods = [
    InterfaceMethod<"Floating-point operations of one evaluation: a multiply-add counts as two, "
                    "a comparison or a function as one, data movement as none.",
                    "int64_t", "flops", (ins), "", [{
      if constexpr (ConcreteOp::template hasTrait<::quern::ir::Elementwise>())
        return ::llvm::cast<::mlir::ShapedType>($_op->getResult(0).getType()).getNumElements();
      return 0;
    }]>
  ];
}

/// Elementwise over numpy-broadcast operands: result[i] = f(operands[i]...).
def Quern_ElementwiseTrait : NativeOpTrait<"Elementwise"> {
  let cppNamespace = "::quern::ir";
}

#endif
