#include "tools/quern/ModelSource.h"

#include "frontend/Frontend.h"
#include "ir/Quern.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

namespace quern::tools {
namespace {

/// `name` under the folder that this program's bin/ lies in.
std::string besideProgram(llvm::StringRef name) {
  llvm::SmallString<128> path(llvm::sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&besideProgram))));
  path = llvm::sys::path::parent_path(llvm::sys::path::parent_path(path));
  llvm::sys::path::append(path, name);
  return path.str().str();
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
  command.add_option("--model", modelName, "which model, if the file has several")->type_name("NAME");
  command.add_option("--set", settings, "fix a dimension or argument: --set N=4")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command.add_option("-I,--import-path", importPaths, "where to look for imports, too")
      ->type_name("FOLDER")
      ->allow_extra_args(false);
  command.add_option("--library", libraryFolder, "the standard library, if not the one beside this program")
      ->type_name("FOLDER");
}

} // namespace quern::tools
