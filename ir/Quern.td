//===- Quern.td - The quern dialect ------------------------------------------------------------===//
// The dialect itself and what every op family shares: tensor types and op base classes.
//===---------------------------------------------------------------------------------------------===//
#ifndef QUERN_IR_QUERN_TD
#define QUERN_IR_QUERN_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "ir/Interfaces.td"

def Quern_Dialect : Dialect {
  let name = "quern";
  let cppNamespace = "::quern::ir";
  let summary = "Neural-network graphs as tensor SSA with few primitives";
  let description = [{
    Tensors have static shapes: the frontend fixes every symbolic dimension. Logical axes follow
    PyTorch and ONNX (N, C, spatial...); the order in memory is the type's encoding
    (`#quern.layout`), set by a pass and absent while it is row-major.

    The dialect refuses to have layers (batch norm, linear, ...): those are modules of the standard
    library over these ops. It refuses algorithms too: an op may carry a choice as a typed
    attribute, and what obeys the choice is elsewhere.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

/// Element types a value may have. `i1` is the language's bool, `ui8` its u8.
def Quern_Element : AnyTypeOf<[F16, BF16, F32, F64, I1, I8, I16, I32, I64, UI8]>;
def Quern_Tensor : StaticShapeTensorOf<[Quern_Element]>;
def Quern_FloatTensor : StaticShapeTensorOf<[F16, BF16, F32, F64]>;
def Quern_BoolTensor : StaticShapeTensorOf<[I1]>;

/// Any op of the dialect.
class Quern_Op<string mnemonic, list<Trait> traits = []> : Op<Quern_Dialect, mnemonic, traits>;

/// An op without side effects whose result type follows from operands and attributes. The inferred
/// type is row-major; a result may carry any layout.
class Quern_InferredOp<string mnemonic, list<Trait> traits>
    : Quern_Op<mnemonic, !listconcat([Pure, InferTypeOpAdaptorWithIsCompatible], traits)> {
  let results = (outs Quern_Tensor:$result);
  let extraClassDefinition = [{
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange a, ::mlir::TypeRange b) {
      return sameIgnoringLayout(a, b);
    }
  }];
}

/// An op that costs one operation an element if it is elementwise, and none otherwise.
class Quern_PureOp<string mnemonic, list<Trait> traits = []>
    : Quern_InferredOp<mnemonic, !listconcat([Quern_CostInterface], traits)>;

/// An op that counts its operations itself.
class Quern_ArithmeticOp<string mnemonic, list<Trait> traits = []>
    : Quern_InferredOp<mnemonic, !listconcat(
        [DeclareOpInterfaceMethods<Quern_CostInterface, ["flops"]>], traits)>;

#endif
