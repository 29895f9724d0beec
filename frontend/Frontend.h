// The front end's door: a model's text in, one function over the quern dialect out.
#pragma once

#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quern::frontend {

struct Options {
  /// Which model of the file; may be empty where it has one.
  std::string model;
  /// `--set NAME=VALUE`: sizes of the model's symbolic dimensions and values of its compile-time
  /// parameters, each written as the language writes it ("4", "[1, 2]", "true").
  std::vector<std::pair<std::string, std::string>> settings;
  /// Directories searched for imports that are not beside the importing file.
  std::vector<std::string> importPaths;
  /// Where the standard library is; by default the environment's QUERN_LIBRARY, else
  /// `../lib/quern/library` from the running program.
  std::string library;
};

/// Compiles the model of the file at `path` into a module that holds one `func.func @<model>`,
/// marked `quern.model`, over `quern` ops with static shapes. Its arguments and results carry
/// `quern.name` and, where the signature has them, the adapters `quern.from` and `quern.as`. Op
/// locations are places in the source: the call stack as CallSiteLoc, and a NameLoc around it with
/// the labels ("layer1.0.conv1"). The function's own location is its name's; with a causal
/// contract, that and the contract's, fused. Null after errors, which `diagnostics` shows; warnings
/// go there too. Loads the dialects it needs into `context`. `filesRead` is told what was read
/// for it: the library, the file, what it imports, and lists of names.
mlir::OwningOpRef<mlir::ModuleOp> compile(llvm::StringRef path, const Options &options,
                                          mlir::MLIRContext &context,
                                          llvm::raw_ostream &diagnostics,
                                          std::vector<std::string> *filesRead = nullptr);

/// As compile, for a text in memory; `path` is what it is called and where its imports are relative
/// to.
mlir::OwningOpRef<mlir::ModuleOp> compileText(llvm::StringRef path, llvm::StringRef text,
                                              const Options &options, mlir::MLIRContext &context,
                                              llvm::raw_ostream &diagnostics);

/// Checks every model of the file, or the one that `options` names; their modules, as compile()
/// gives them, none for a file of modules alone, which has nothing to elaborate. Nothing where
/// something is wrong, as `diagnostics` shows.
std::optional<std::vector<mlir::OwningOpRef<mlir::ModuleOp>>> check(llvm::StringRef path,
                                                                    const Options &options,
                                                                    mlir::MLIRContext &context,
                                                                    llvm::raw_ostream &diagnostics);

} // namespace quern::frontend
