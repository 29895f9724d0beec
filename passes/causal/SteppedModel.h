// A causal model as step programs are derived from it.
#pragma once

#include "ir/Infer.h"

#include "mlir/IR/OwningOpRef.h"

namespace quern::passes {

/// The model's function, or a copy in which each colour of a pixel is a value of its own.
struct SteppedModel {
  mlir::func::FuncOp function;
  ir::CausalAttr contract;
  /// The generated input and the output; one for each colour where these have places of their own
  /// in the order, after the pixel's.
  llvm::SmallVector<mlir::Value> inputs = {}, outputs = {};
  /// The copy, if it is one.
  mlir::OwningOpRef<mlir::func::FuncOp> copy = {};

  bool isInput(mlir::Value value) const { return llvm::is_contained(inputs, value); }
  /// Which colour an input is.
  int64_t colourOf(mlir::Value input) const { return llvm::find(inputs, input) - inputs.begin(); }
  bool hasColours() const { return inputs.size() > 1; }
  /// The whole input, as the model has it.
  mlir::Value wholeInput() const {
    return mlir::func::FuncOp(function).getArgument(static_cast<unsigned>(contract.getInput()));
  }
};

/// `model`, with its colours apart where the contract orders them. Fails with a diagnostic where
/// one of its ops mixes them in a way that step programs do not know.
mlir::FailureOr<SteppedModel> steppedModel(mlir::func::FuncOp model, ir::CausalAttr contract);

} // namespace quern::passes
