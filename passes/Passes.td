//===- Passes.td - The passes between the frontend's module and the code generator's ------------------===//
// Each is one .cpp and one lit test of the same name.
//===-------------------------------------------------------------------------------------------------===//
#ifndef QUERN_PASSES_PASSES_TD
#define QUERN_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

class QuernPass<string argument> : Pass<argument, "mlir::ModuleOp"> {
  let dependentDialects = ["quern::ir::QuernDialect", "mlir::func::FuncDialect"];
}

def AbsorbShapes : QuernPass<"absorb-shapes"> {
  let summary = "let contractions, convolutions and elementwise ops read through transposes, pads and broadcasts";
}

def FoldAffine : QuernPass<"fold-affine"> {
  let summary = "fold constant scales into weights, and chains of constant terms and factors into one";
  let description = [{
    An expression of parameters and constants alone is a constant. On the result of a convolution or
    contraction with constant weights, `* s` goes into the weights where s varies along the output
    channels only, and so does one on its input along the input channels; `- c`, `/ c` and `(x + a) * s` are first brought to the form `x * s + b`. So an inference-time
    batch norm, however it is written, becomes a bias.
  }];
}

def ProveCausality : QuernPass<"prove-causality"> {
  let summary = "prove the model's causal contract, or refuse it with a counterexample";
  let description = [{
    Reads the model as simplify leaves it, before attention and scans are lowered (passes/causal).
  }];
}

def Recognise : QuernPass<"recognise"> {
  let summary = "find softmax in its primitives";
}

def LowerAttention : QuernPass<"lower-attention"> {
  let summary = "attention as contractions around a softmax";
}

def UnrollScan : QuernPass<"unroll-scan"> {
  let summary = "scans as their steps, what does not depend on the state computed before";
}

def DeriveSteps : QuernPass<"derive-steps"> {
  let summary = "write the step programs of a causal model, each into a module within the model's";
  let options = [
    Option<"isOptional", "optional", "bool", /*default=*/"false",
           "warn where they cannot be derived, and let each step be a pass over the model">
  ];
}

def DropFullPass : QuernPass<"drop-full-pass"> {
  let summary = "leave nothing of a model with step programs but these and its signature";
}

def CropFilters : QuernPass<"crop-filters"> {
  let summary = "take away the rows and columns of kernels that a mask has emptied, or that only ever meet padding";
}

def JoinProducts : QuernPass<"join-products"> {
  let summary = "let a sum of products of segments be one product";
}

def ChooseConv : QuernPass<"choose-conv"> {
  let summary = "write the algorithm of each convolution that has none";
  let description = [{
    Candidates are asked whether they apply, measured for their error on the weights, and costed
    (passes/conv). The compiler hands its policy to the pass; on its own, the pass takes an option.
  }];
  let options = [
    Option<"conv", "conv", "std::string", /*default=*/"",
           "auto, or the name of an algorithm for all that it applies to; direct unless told">
  ];
}

def TransformFilters : QuernPass<"transform-filters"> {
  let summary = "transform the filters of convolutions whose algorithm asks for it";
}

def HoistWeights : QuernPass<"hoist-weights"> {
  let summary = "move expressions of parameters into @prepare and pass their values to the model as arguments";
}

def ConstantStates : QuernPass<"constant-states"> {
  let summary = "where a step program does no more than to write a weight into a state, let the state be that weight";
}

def ChooseLayout : QuernPass<"choose-layout"> {
  let summary = "store the images that convolutions, windows and resizes touch with channels last";
}

def Fuse : QuernPass<"fuse"> {
  let summary = "group ops into quern.fused, each of which becomes one kernel";
  let options = [
    Option<"copySlices", "copy-slices", "bool", /*default=*/"false",
           "a kernel for each slice, also where its elements lie together: for a device, whose "
           "buffers have no parts">
  ];
}

def CollapsePixels : QuernPass<"collapse-pixels"> {
  let summary = "give pointwise convolutions one long spatial axis";
}

def OutlineKernels : QuernPass<"outline-kernels"> {
  let summary = "turn each quern.fused into a launch of a kernel function; equal ones share it";
}

def CheckSizes : QuernPass<"check-sizes"> {
  let summary = "refuse tensors of more elements or dimensions than can be indexed";
}

def PlanMemory : QuernPass<"plan-memory"> {
  let summary = "place every launch's result in one arena";
}

def VerifyStage : QuernPass<"verify-stage"> {
  let summary = "check what may appear after a phase";
  let options = [
    Option<"stage", "stage", "std::string", /*default=*/"\"planned\"",
           "source, hoisted, fused, outlined or planned">
  ];
}

#endif
