#include "frontend/Frontend.h"

#include "frontend/Model.h"
#include "frontend/NameCheck.h"
#include "ir/SourceLocation.h"

#include "llvm/ADT/StringExtras.h"
#include "mlir/IR/Verifier.h"

namespace quern::frontend {

namespace {

/// A program being compiled: the library and the user's file, parsed.
class Compilation {
public:
  Compilation(const Options &options, llvm::raw_ostream &stream)
      : options(options), diagnostics(sources, stream), program(diagnostics, options.importPaths) {}

  bool load(StringRef path, const std::string *text) {
    if (!program.loadLibrary(libraryDirectory(options.library)))
      return false;
    file = text ? program.loadText(path, *text) : program.loadFile(path);
    return file && program.isWhole();
  }

  std::vector<const Callable *> models() const {
    std::vector<const Callable *> result;
    for (const Callable *callable : file->callables)
      if (callable->kind == Callable::Kind::Model)
        result.push_back(callable);
    return result;
  }

  /// Whether anything is declared in the file. Reports where not.
  bool holdsSomething() {
    bool isEmpty = file->callables.empty() && file->constants.empty();
    if (isEmpty)
      diagnostics.report<diag::EmptyFile>({}, file->path);
    return !isEmpty;
  }

  /// The model that the options ask for, or the only one; null (reported) otherwise.
  const Callable *chosenModel() {
    std::vector<const Callable *> all = models();
    std::vector<StringRef> names;
    names.reserve(all.size());
    for (const Callable *model : all)
      names.push_back(model->name.text);
    if (all.empty()) {
      diagnostics.report<diag::NoModel>({}, file->path);
    } else if (!options.model.empty()) {
      auto found = llvm::find(names, options.model);
      if (found != names.end())
        return all[found - names.begin()];
      diagnostics.report<diag::UnknownModel>({}, file->path, options.model,
                                             llvm::join(names, ", "));
    } else if (all.size() > 1) {
      diagnostics.report<diag::SeveralModels>({}, file->path, llvm::join(names, ", "));
    } else {
      return all.front();
    }
    return nullptr;
  }

  mlir::OwningOpRef<mlir::ModuleOp> elaborate(const Callable *model, mlir::MLIRContext &context) {
    context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
    auto location = mlir::FileLineColLoc::get(&context, file->path, 1, 1);
    mlir::OwningOpRef<mlir::ModuleOp> module(mlir::ModuleOp::create(location));
    if (!elaborateModel(program, diagnostics, {model, file}, options, *module) ||
        !verify(*module, model->name.text))
      return nullptr;
    return module;
  }

  /// Whether nothing is wrong with the files, what no model reaches included.
  bool isFaultless(mlir::MLIRContext &context) {
    context.loadDialect<ir::QuernDialect>();
    for (const SourceFile *userFile : program.userFiles())
      checkNames(program, *userFile, diagnostics, context);
    return !diagnostics.hasErrors();
  }

  /// Whether the finished module is a valid one; the first thing that is wrong with it is told.
  bool verify(mlir::ModuleOp module, StringRef name) {
    std::string what;
    mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
      if (what.empty())
        what = fmt::format("{}: {}", ir::locationText(diagnostic.getLocation()), diagnostic.str());
      return mlir::success();
    });
    if (mlir::succeeded(mlir::verify(module)))
      return true;
    diagnostics.report<diag::InvalidModel>({}, name, what);
    return false;
  }

  const std::vector<std::string> &filesRead() const { return program.filesRead(); }

private:
  const Options &options;
  llvm::SourceMgr sources;
  Diagnostics diagnostics;
  Program program;
  const SourceFile *file = nullptr;
};

mlir::OwningOpRef<mlir::ModuleOp> compileAny(StringRef path, const std::string *text,
                                             const Options &options, mlir::MLIRContext &context,
                                             llvm::raw_ostream &stream,
                                             std::vector<std::string> *filesRead) {
  Compilation compilation(options, stream);
  if (!compilation.load(path, text))
    return nullptr;
  const Callable *model = compilation.chosenModel();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  if (model)
    module = compilation.elaborate(model, context);
  if (!compilation.isFaultless(context))
    return nullptr;
  if (filesRead)
    *filesRead = compilation.filesRead();
  return module;
}

} // namespace

mlir::OwningOpRef<mlir::ModuleOp> compile(StringRef path, const Options &options,
                                          mlir::MLIRContext &context,
                                          llvm::raw_ostream &diagnostics,
                                          std::vector<std::string> *filesRead) {
  return compileAny(path, nullptr, options, context, diagnostics, filesRead);
}

mlir::OwningOpRef<mlir::ModuleOp> compileText(StringRef path, StringRef text,
                                              const Options &options, mlir::MLIRContext &context,
                                              llvm::raw_ostream &diagnostics) {
  std::string contents = text.str();
  return compileAny(path, &contents, options, context, diagnostics, nullptr);
}

std::optional<std::vector<mlir::OwningOpRef<mlir::ModuleOp>>>
check(StringRef path, const Options &options, mlir::MLIRContext &context,
      llvm::raw_ostream &diagnostics) {
  Compilation compilation(options, diagnostics);
  if (!compilation.load(path, nullptr) || !compilation.holdsSomething())
    return std::nullopt;
  std::vector<const Callable *> chosen = compilation.models();
  if (!options.model.empty()) {
    const Callable *model = compilation.chosenModel();
    if (!model)
      return std::nullopt;
    chosen = {model};
  }
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  for (const Callable *model : chosen)
    modules.push_back(compilation.elaborate(model, context));
  if (!compilation.isFaultless(context))
    return std::nullopt;
  return modules;
}

} // namespace quern::frontend
