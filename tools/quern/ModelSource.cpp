#include "tools/quern/ModelSource.h"

#include "frontend/Frontend.h"
#include "frontend/SourceExcerpt.h"
#include "ir/Quern.h"
#include "ir/SourceLocation.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include <cstdlib>

namespace quern::tools {
namespace {

/// `name` under the folder that this program's bin/ lies in.
std::string besideProgram(llvm::StringRef name) {
  llvm::SmallString<128> path(
      llvm::sys::fs::getMainExecutable(nullptr, reinterpret_cast<void *>(&besideProgram)));
  path = llvm::sys::path::parent_path(llvm::sys::path::parent_path(path));
  llvm::sys::path::append(path, name);
  return path.str().str();
}

/// What is wrong with the form of a setting; empty where nothing is.
std::string malformedSetting(const std::string &setting) {
  auto [name, value] = llvm::StringRef(setting).split('=');
  if (!name.trim().empty() && !value.trim().empty())
    return "";
  return "takes NAME=VALUE, as in --set N=4, not '" + setting + "'";
}

} // namespace

std::string libraryFolder() { return besideProgram("lib/quern"); }
std::string includeFolder() { return besideProgram("include"); }

std::string cacheFolder() {
  llvm::SmallString<128> folder;
  if (const char *own = std::getenv("QUERN_CACHE"); own && *own)
    folder = own;
  else if (!llvm::sys::path::cache_directory(folder))
    return "";
  else
    llvm::sys::path::append(folder, "quern");
  return llvm::sys::fs::create_directories(folder) ? "" : folder.str().str();
}

void ModelSource::addTo(CLI::App &command) {
  command.add_option("MODEL", path, "the model's source, a .qn file")->required();
  addOptionsTo(command);
}

void ModelSource::addOptionsTo(CLI::App &command) {
  command.add_option("--model", modelName, "which model, if the file has several")
      ->type_name("NAME");
  command.add_option("--set", settings, "fix a dimension or argument: --set N=4")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->check(CLI::Validator(malformedSetting, ""));
  command.add_option("-I,--import-path", importPaths, "where to look for imports, too")
      ->type_name("FOLDER")
      ->allow_extra_args(false);
  command
      .add_option("--library", library, "the standard library, if not the one beside this program")
      ->type_name("FOLDER");
}

/// What `work` returns that prints diagnostics to the stream that it is given: to standard error,
/// but where there is quiet only if it fails.
template <typename Work> static auto withDiagnostics(bool isQuiet, Work work) {
  if (!isQuiet)
    return work(llvm::errs());
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto result = work(stream);
  if (!result)
    llvm::errs() << text;
  return result;
}

mlir::OwningOpRef<mlir::ModuleOp> ModelSource::load(mlir::MLIRContext &context, bool isQuiet,
                                                    std::vector<std::string> *filesRead) const {
  return withDiagnostics(isQuiet, [&](llvm::raw_ostream &stream) {
    return frontend::compile(path, frontendOptions(), context, stream, filesRead);
  });
}

std::optional<std::vector<mlir::OwningOpRef<mlir::ModuleOp>>>
ModelSource::check(mlir::MLIRContext &context, bool isQuiet) const {
  return withDiagnostics(isQuiet, [&](llvm::raw_ostream &stream) {
    return frontend::check(path, frontendOptions(), context, stream);
  });
}

frontend::Options ModelSource::frontendOptions() const {
  frontend::Options options;
  options.model = modelName;
  options.importPaths = importPaths;
  options.library = library;
  for (const std::string &setting : settings) {
    auto [name, value] = llvm::StringRef(setting).split('=');
    options.settings.emplace_back(name.trim().str(), value.trim().str());
  }
  return options;
}

mlir::func::FuncOp modelFunction(mlir::ModuleOp module) {
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (function->hasAttr(ir::names::model))
      return function;
  llvm_unreachable("the frontend makes a model");
}

/// Prints the line of a place in a source, and a caret below it; nothing where it cannot be read.
static void printLine(mlir::FileLineColLoc place, llvm::raw_ostream &out) {
  if (!place)
    return;
  auto file = llvm::MemoryBuffer::getFile(place.getFilename().getValue());
  if (!file)
    return;
  llvm::line_iterator line(**file, /*SkipBlanks=*/false);
  while (!line.is_at_end() && line.line_number() < place.getLine())
    ++line;
  if (line.is_at_end() || place.getColumn() == 0 || place.getColumn() > line->size())
    return;
  size_t column = place.getColumn() - 1;
  frontend::SourceExcerpt excerpt = frontend::excerptOf(*line, column, column + 1);
  out << excerpt.line << "\n" << excerpt.marks << "\n";
}

/// Prints what passes and code generation report, as the frontend prints its own.
static void printDiagnostic(mlir::Diagnostic &diagnostic, llvm::raw_ostream &out) {
  static constexpr llvm::StringLiteral severities[] = {"note", "warning", "error", "note"};
  std::string where = ir::locationText(diagnostic.getLocation());
  out << where << (where.empty() ? "" : ": ")
      << severities[static_cast<int>(diagnostic.getSeverity())] << ": " << diagnostic << "\n";
  printLine(ir::userLocation(diagnostic.getLocation()), out);
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    printDiagnostic(note, out);
}

std::unique_ptr<mlir::MLIRContext> makeContext(Warnings *warnings) {
  auto context = std::make_unique<mlir::MLIRContext>();
  context->loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  context->printOpOnDiagnostic(false);
  context->getDiagEngine().registerHandler([warnings](mlir::Diagnostic &diagnostic) {
    if (!warnings || diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
      printDiagnostic(diagnostic, llvm::errs());
      return;
    }
    std::string text;
    llvm::raw_string_ostream out(text);
    printDiagnostic(diagnostic, out);
    warnings->show(text);
  });
  return context;
}

} // namespace quern::tools
