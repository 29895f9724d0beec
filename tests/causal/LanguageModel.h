// Models of the language, as the analysis takes them.
#pragma once

#include "frontend/Frontend.h"
#include "passes/causal/Causality.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace quern::passes {

/// A model, compiled and simplified. Where there is no such model, the current test fails, and
/// `module` is null.
struct LanguageModel {
  using Settings = decltype(frontend::Options::settings);

  /// The only model of the text of a file, which is called test.qn.
  explicit LanguageModel(llvm::StringRef text);
  LanguageModel(llvm::StringRef path, const Settings &settings);

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

private:
  using Compile = llvm::function_ref<mlir::OwningOpRef<mlir::ModuleOp>(
      frontend::Options &, mlir::MLIRContext &, llvm::raw_ostream &diagnostics)>;
  explicit LanguageModel(Compile compile);
};

/// What the analysis says of a model by its own contract.
CausalAnalysis analysed(mlir::ModuleOp module);

} // namespace quern::passes
