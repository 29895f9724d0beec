// What every command that takes a model has in common: which file, which model in it, which sizes.
#pragma once

#include "frontend/Frontend.h"
#include "tools/quern/Warnings.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <CLI/CLI.hpp>

#include <optional>

namespace quern::tools {

/// A model on the command line.
struct ModelSource {
  std::string path;
  std::string modelName;
  std::vector<std::string> settings;
  std::vector<std::string> importPaths;
  std::string library;

  /// Adds MODEL and what addOptionsTo adds to a command.
  void addTo(CLI::App &command);
  /// Adds --model, --set, -I and --library to a command.
  void addOptionsTo(CLI::App &command);

  /// Elaborates the model. Its faults are printed to standard error; null if there were any.
  /// `isQuiet` keeps back warnings about a model that has none; `filesRead` is frontend::compile's.
  mlir::OwningOpRef<mlir::ModuleOp> load(mlir::MLIRContext &context, bool isQuiet = false,
                                         std::vector<std::string> *filesRead = nullptr) const;

  /// Checks every model of the file, or the one named, as frontend::check does. Faults are printed
  /// to standard error.
  std::optional<std::vector<mlir::OwningOpRef<mlir::ModuleOp>>> check(mlir::MLIRContext &context,
                                                                      bool isQuiet = false) const;

private:
  frontend::Options frontendOptions() const;
};

/// The model's entry function.
mlir::func::FuncOp modelFunction(mlir::ModuleOp module);

/// A context with the dialects that a model passes through, whose diagnostics are printed to
/// standard error; warnings go through `warnings`, which must outlive it, if it is given.
std::unique_ptr<mlir::MLIRContext> makeContext(Warnings *warnings = nullptr);

/// Folders beside this program: the runtime's libraries, and quern.h.
std::string libraryFolder();
std::string includeFolder();

/// Where compiled kernels and programs of `quern run` are kept: $QUERN_CACHE, or quern/ under
/// $XDG_CACHE_HOME or ~/.cache. Empty, and nothing is kept, where none can be made.
std::string cacheFolder();

} // namespace quern::tools
